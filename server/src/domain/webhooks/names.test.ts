import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createNameResolver, type NameSettings } from './names.ts'

const folder = mkdtempSync(join(tmpdir(), 'mteja-names-'))
const sockets: Socket[] = []
const hostsFile = join(folder, 'hosts')
const resolvConf = join(folder, 'resolv.conf')

beforeAll(() => {
  writeFileSync(
    hostsFile,
    '# names\n192.0.2.1 receiver Receiver.test # ours\n2001:db8::1\treceiver\nnonsense receiver\n',
  )
  writeFileSync(resolvConf, 'nameserver 192.0.2.53\nsearch shop.svc.example svc.example\noptions ndots:2\n')
})
afterEach(() => {
  for (const each of sockets.splice(0)) each.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A name server that has these IPv4 addresses, and is silent about names under `silent.example`. */
async function nameServer(records: Readonly<Record<string, string>>) {
  const asked: string[] = []
  const socket = createSocket('udp4')
  sockets.push(socket)
  socket.on('message', (question, from) => {
    const name = readName(question)
    const type = question.readUInt16BE(12 + name.length + 2)
    if (type === 1) asked.push(name)
    if (!name.endsWith('silent.example')) socket.send(answerTo(question, name, type, records), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return { asked, servers: [`127.0.0.1:${socket.address().port}`] }
}

function readName(question: Buffer): string {
  const labels: string[] = []
  for (let at = 12; question[at] !== 0; at += (question[at] ?? 0) + 1) {
    labels.push(question.toString('latin1', at + 1, at + 1 + (question[at] ?? 0)))
  }
  return labels.join('.')
}

function answerTo(question: Buffer, name: string, type: number, records: Readonly<Record<string, string>>): Buffer {
  const end = 12 + name.length + 2 + 4
  const head = Buffer.from(question.subarray(0, end))
  const address = records[name]
  const hasAnswer = address !== undefined && type === 1
  head.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(hasAnswer ? 1 : 0, 6)
  head.writeUInt16BE(0, 10)
  if (!hasAnswer) return head
  const record = [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]
  return Buffer.concat([head, Buffer.from(record)])
}

function resolver(settings: NameSettings) {
  return createNameResolver({ hostsFile, resolvConf, ...settings })
}

test('names of the hosts file and of this machine are known without any name server', async () => {
  const { servers, asked } = await nameServer({})
  const resolve = resolver({ servers })
  expect(await resolve('RECEIVER')).toEqual([
    { address: '192.0.2.1', family: 4 },
    { address: '2001:db8::1', family: 6 },
  ])
  expect(await resolve('receiver.test.')).toEqual([{ address: '192.0.2.1', family: 4 }])
  for (const name of ['localhost', 'shop.localhost', 'localhost.']) {
    expect(await resolve(name)).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ])
  }
  expect(asked).toEqual([])
})

test('short names are completed by the search list, and long names are asked for as they are', async () => {
  const { servers, asked } = await nameServer({ 'hooks.svc.example': '192.0.2.7', 'a.b.example': '192.0.2.8' })
  const resolve = resolver({ servers })
  expect(await resolve('hooks')).toEqual([{ address: '192.0.2.7', family: 4 }])
  expect(await resolve('a.b.example')).toEqual([{ address: '192.0.2.8', family: 4 }])
  expect(asked).toEqual(['hooks.shop.svc.example', 'hooks.svc.example', 'a.b.example'])
})

test('a name that does not exist is not found, and a name server that cannot be reached is another failure', async () => {
  const { servers } = await nameServer({})
  await expect(resolver({ servers })('no.such.example')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  const nobody = resolver({ servers: ['127.0.0.1:1'], timeoutMs: 300 })
  await expect(nobody('no.such.example')).rejects.toMatchObject({ code: 'EAI_AGAIN' })
})

test('a name server that never answers is given up, and holds up no other name meanwhile', async () => {
  const { servers, asked } = await nameServer({ 'b.shop.example': '192.0.2.9' })
  const resolve = resolver({ servers, timeoutMs: 1000 })
  const startedAt = performance.now()
  let isOver = false
  const silent = Promise.allSettled(Array.from({ length: 72 }, (_, i) => resolve(`h${i % 6}.a.silent.example`))).then(
    (all) => {
      isOver = true
      return all
    },
  )
  expect(await resolve('b.shop.example')).toEqual([{ address: '192.0.2.9', family: 4 }])
  expect(isOver).toBe(false)
  const codes = (await silent).map((each) => (each.status === 'rejected' ? each.reason.code : 'found'))
  expect(new Set(codes)).toEqual(new Set(['EAI_AGAIN']))
  expect(performance.now() - startedAt).toBeLessThan(10_000)
  // Calls for one name that come together are one look-up, of at most two tries.
  expect(asked.length).toBeLessThanOrEqual(6 * 2 + 1)
})
