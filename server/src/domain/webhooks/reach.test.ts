import { describe, expect, test } from 'vitest'
import { isPublic, isWithinReach, literalAddress, parseNetwork, type Reach } from './reach.ts'

/** Whatever a URL may spell an address like, and the widest setting that is needed to reach it. */
const table: [spelling: string, kind: Reach | 'nowhere'][] = [
  ['93.184.216.34', 'public'],
  ['127.0.0.1', 'local'],
  ['127.1', 'local'],
  ['2130706433', 'local'],
  ['017700000001', 'local'],
  ['0x7f000001', 'local'],
  ['0x7f.0.0.1', 'local'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['169.254.169.254', 'nowhere'],
  ['2852039166', 'nowhere'],
  ['0xa9fea9fe', 'nowhere'],
  ['0', 'nowhere'],
  ['0.0.0.0', 'nowhere'],
  ['224.0.0.1', 'nowhere'],
  ['255.255.255.255', 'nowhere'],
  ['240.0.0.1', 'nowhere'],
  ['[2606:2800:220:1:248:1893:25c8:1946]', 'public'],
  ['[::1]', 'local'],
  ['[::]', 'nowhere'],
  ['[::ffff:127.0.0.1]', 'local'],
  ['[::ffff:7f00:1]', 'local'],
  ['[::ffff:169.254.169.254]', 'nowhere'],
  ['[::ffff:a9fe:a9fe]', 'nowhere'],
  ['[fe80::1]', 'nowhere'],
  ['[fd00:ec2::254]', 'nowhere'],
  ['[64:ff9b::a9fe:a9fe]', 'nowhere'],
  ['[2002:a9fe:a9fe::]', 'nowhere'],
  ['[ff02::1]', 'nowhere'],
  ['100.100.100.200', 'nowhere'],
  ['[::ffff:100.100.100.200]', 'nowhere'],
  ['168.63.129.16', 'nowhere'],
  ['0xa83f8110', 'nowhere'],
  ['[fd20:ce::254]', 'nowhere'],
  ['192.0.0.192', 'nowhere'],
  ['[fd00::1]', 'private'],
  ['[::a00:1]', 'nowhere'],
  ['[100::1]', 'nowhere'],
  ['[2001:db8::1]', 'nowhere'],
  ['[3fff::1]', 'nowhere'],
  ['[fec0::1]', 'nowhere'],
  ['[4000::1]', 'nowhere'],
  ['[2a00:1450:4001::1]', 'public'],
  ['198.18.0.1', 'nowhere'],
  ['127.0.0.1.', 'local'],
  ['127.0.1', 'local'],
  ['0177.0.0.1', 'local'],
  ['127.255.255.254', 'local'],
  ['127。0。0。1', 'local'],
  ['①②⑦.⓪.⓪.①', 'local'],
  ['１２７.1', 'local'],
  ['%31%32%37.0.0.1', 'local'],
  ['user:password@127.0.0.1', 'local'],
  ['93.184.216.34@10.0.0.1', 'private'],
  ['192.168.257', 'private'],
  ['0xc0a80101', 'private'],
  ['0300.0250.1.1', 'private'],
  ['10.1', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'public'],
  ['100.127.255.255', 'private'],
  ['100.128.0.1', 'public'],
  ['0xA9.0xFE.0xA9.0xFE', 'nowhere'],
  ['0251.0376.0251.0376', 'nowhere'],
  ['169.254.43518', 'nowhere'],
  ['169.254.170.2', 'nowhere'],
  ['169。254。169。254', 'nowhere'],
  ['239.255.255.255', 'nowhere'],
  ['192.88.99.1', 'nowhere'],
  ['203.0.113.7', 'nowhere'],
  ['[0:0:0:0:0:0:0:1]', 'local'],
  ['[0:0:0:0:0:ffff:0a00:0001]', 'private'],
  ['[::ffff:192.168.0.1]', 'private'],
  ['[fc00::1]', 'private'],
  ['[fdff:ffff::1]', 'private'],
  ['[::ffff:0:127.0.0.1]', 'nowhere'],
  ['[::127.0.0.1]', 'nowhere'],
  ['[64:ff9b::127.0.0.1]', 'nowhere'],
  ['[64:ff9b:1::a9fe:a9fe]', 'nowhere'],
  ['[2001::1]', 'nowhere'],
  ['[2002:7f00:1::]', 'nowhere'],
  ['[febf::1]', 'nowhere'],
  ['[FD00:EC2:0:0:0:0:0:254]', 'nowhere'],
  ['[::ffff:168.63.129.16]', 'nowhere'],
  ['[ff0e::1]', 'nowhere'],
]
const reaches: Reach[] = ['public', 'private', 'local']

describe.each(table)('the address http://%s/', (spelling, kind) => {
  const address = literalAddress(new URL(`http://${spelling}/`)) ?? ''

  test(`the address ${spelling} is recognised however it is spelled`, () => {
    const reached = reaches.filter((reach) => isWithinReach(address, { reach, networks: [] }, 'test'))
    expect(reached).toEqual(kind === 'nowhere' ? [] : reaches.slice(reaches.indexOf(kind)))
    const live = reaches.filter((reach) => isWithinReach(address, { reach, networks: [] }, 'live'))
    expect(live).toEqual(kind === 'public' ? reaches : [])
    expect(isPublic(address)).toBe(kind === 'public')
  })

  test(`an allowed network adds the address ${spelling}, unless nothing is ever sent to it`, () => {
    const networks = ['0.0.0.0/0', '::/0'].map(parseNetwork)
    for (const mode of ['test', 'live'] as const) {
      expect(isWithinReach(address, { reach: 'public', networks }, mode)).toBe(kind !== 'nowhere')
    }
  })
})

test('an allowed network adds its own addresses alone', () => {
  const policy = { reach: 'public' as const, networks: ['10.20.0.0/16', 'fd12::/48'].map(parseNetwork) }
  const within = ['10.20.0.1', '10.20.255.255', '::ffff:10.20.3.4', 'fd12::1', '10.21.0.1', '127.0.0.1', 'fd13::1']
  expect(within.filter((address) => isWithinReach(address, policy, 'live'))).toEqual(within.slice(0, 4))
})

test('a host name is no address', () => {
  expect(literalAddress(new URL('http://localhost/'))).toBeNull()
  expect(isWithinReach('localhost', { reach: 'local', networks: [] }, 'test')).toBe(false)
})
