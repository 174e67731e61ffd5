import { describe, expect, test } from 'vitest'
import { isWithinReach, literalAddress } from './reach.ts'

/** Whatever a URL may spell an address like, and whether it is within reach: of the public Internet, of a developer. */
const table: [spelling: string, isPublic: boolean, isLocal: boolean][] = [
  ['93.184.216.34', true, true],
  ['127.0.0.1', false, true],
  ['127.1', false, true],
  ['2130706433', false, true],
  ['017700000001', false, true],
  ['0x7f000001', false, true],
  ['0x7f.0.0.1', false, true],
  ['10.0.0.1', false, true],
  ['172.16.0.1', false, true],
  ['192.168.1.1', false, true],
  ['100.64.0.1', false, true],
  ['169.254.169.254', false, false],
  ['2852039166', false, false],
  ['0xa9fea9fe', false, false],
  ['0', false, false],
  ['0.0.0.0', false, false],
  ['224.0.0.1', false, false],
  ['255.255.255.255', false, false],
  ['240.0.0.1', false, false],
  ['[2606:2800:220:1:248:1893:25c8:1946]', true, true],
  ['[::1]', false, true],
  ['[::]', false, false],
  ['[::ffff:127.0.0.1]', false, true],
  ['[::ffff:7f00:1]', false, true],
  ['[::ffff:169.254.169.254]', false, false],
  ['[::ffff:a9fe:a9fe]', false, false],
  ['[fe80::1]', false, false],
  ['[fd00:ec2::254]', false, true],
  ['[64:ff9b::a9fe:a9fe]', false, false],
  ['[2002:a9fe:a9fe::]', false, false],
  ['[ff02::1]', false, false],
]

describe.each(table)('the address http://%s/', (spelling, isPublic, isLocal) => {
  test('an address is recognised however it is spelled', () => {
    const address = literalAddress(new URL(`http://${spelling}/`)) ?? ''
    expect([isWithinReach(address, 'public'), isWithinReach(address, 'local')]).toEqual([isPublic, isLocal])
  })
})

test('a host name is no address', () => {
  expect(literalAddress(new URL('http://localhost/'))).toBeNull()
  expect(isWithinReach('localhost', 'local')).toBe(false)
})
