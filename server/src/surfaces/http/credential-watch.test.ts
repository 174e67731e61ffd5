import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createKeyFinder } from '../../domain/merchants/key-holders.ts'
import { createTokens } from '../../domain/merchants/tokens.ts'
import { authenticateKeysAndTokens } from './authentication.ts'
import { sendText } from './send-text.ts'
import type { SurfaceContext } from './surface.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

async function makeKey(expiresAt?: string) {
  const { id, secret } = (await api.call('POST', '/v1/api-keys', { ...(expiresAt && { expiresAt }) })).json()
  return { id, secret } as { id: string; secret: string }
}

async function makeToken(secret: string): Promise<string> {
  const answer = await api.call('GET', '/api/canary/authentication/token', undefined, secret)
  return answer.json().token
}

/** Whether each promise has settled. */
function watched<Value>(promises: Promise<Value>[]) {
  const settled = promises.map(() => false)
  promises.forEach((promise, i) => {
    const note = () => {
      settled[i] = true
    }
    promise.then(note, note)
  })
  return settled
}

test('event streams end soon after their key is revoked by another server or has expired, and with the key of their token', async () => {
  const other = await api.openAnother({})
  const inAnHour = new Date(api.service.clock.now().getTime() + 3600_000).toISOString()
  const [revoked, behindToken, expiring, lasting] = [
    await makeKey(),
    await makeKey(),
    await makeKey(inAnHour),
    await makeKey(),
  ]
  const token = await makeToken(behindToken.secret)
  const open = (bearer: string) => api.call('GET', '/v1/events/stream', undefined, bearer)
  const streams = [open(revoked.secret), open(token), open(expiring.secret), open(lasting.secret)]
  const ended = watched(streams)
  await sleep(1200)
  expect(ended).toEqual([false, false, false, false])
  await other.call('DELETE', `/v1/api-keys/${revoked.id}`)
  await other.call('DELETE', `/v1/api-keys/${behindToken.id}`)
  api.service.clock.advance(2 * 3600_000)
  await expect.poll(() => ended).toEqual([true, true, true, false])
  await other.call('DELETE', `/v1/api-keys/${lasting.id}`)
  for (const each of streams) expect((await each).statusCode).toBe(200)
})

test('an answer that is read page by page is cut soon after its key is revoked, so that it does not look complete', async () => {
  const surface = {
    context: api.service,
    findKey: createKeyFinder(api.service),
    tokens: createTokens(api.service, undefined),
    rates: undefined,
  } as unknown as SurfaceContext
  const app = Fastify()
  authenticateKeysAndTokens(app, surface, 'test')
  async function* pages() {
    for (;;) {
      yield 'a page\n'
      await sleep(20)
    }
  }
  app.get('/pages', { config: { scope: 'read' } }, (_request, reply) => sendText(reply, 'text/csv', pages()))
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const { id, secret } = await makeKey()
  const answer = await fetch(`${origin}/pages`, { headers: { authorization: `Bearer ${secret}` } })
  expect(answer.status).toBe(200)
  await api.call('DELETE', `/v1/api-keys/${id}`)
  await expect(answer.text()).rejects.toThrow('terminated')
  await app.close()
})

test('every answer that is sent while it is made is sent by the one function that looks at its credential', () => {
  const surfaces = new URL('../', import.meta.url)
  const files = readdirSync(surfaces, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  )
  const streaming = files.filter((name) =>
    /\bReadable\.|\breply\.(raw\.write|hijack)\b/.test(readFileSync(new URL(name, surfaces), 'utf8')),
  )
  expect(streaming).toEqual(['http/send-text.ts'])
})
