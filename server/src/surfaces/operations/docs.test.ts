import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'

let api: TestApi

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

const get = (path: string) => api.call('GET', path, undefined, null)

describe('/docs', () => {
  test('/docs shows the reference of each surface', async () => {
    const page = await get('/docs')
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/html/)])
    const { body: script } = await get('/docs/static/swagger-initializer.js')
    for (const surface of ['cashful', 'paystack', 'mteja']) expect(script).toContain(`/docs/${surface}.json`)
  })

  test('/docs works offline, because the server has every file the page asks for', async () => {
    const { body, headers } = await get('/docs')
    const addresses = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string)
    expect(addresses.length).toBeGreaterThan(3)
    for (const address of addresses) {
      expect([address, (await get(address)).statusCode]).toEqual([address, 200])
    }
    expect(headers['content-security-policy']).toContain("default-src 'self'")
  })

  test('/docs serves nothing but the page’s own files', async () => {
    for (const path of ['/docs/static/..%2f..%2fpackage.json', '/docs/static/%00', '/docs/static/nothing']) {
      const answer = await get(path)
      expect([path, answer.json().status, [403, 404].includes(answer.statusCode)]).toEqual([path, false, true])
    }
  })
})

test('every HTML page, whoever makes it, has the same headers against framing and for its address', async () => {
  for (const path of ['/docs', '/app', '/pay/x', '/checkout/x', '/authorize/x', '/statement/x', '/pay/%zz']) {
    const { headers } = await get(path)
    expect([path, headers]).toMatchObject([
      path,
      {
        'content-type': expect.stringMatching(/^text\/html/),
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      },
    ])
  }
})

/** Clients of Cashful from 0.9.1 on may send the key in a header of its own. */
const alternatives: Record<string, object> = {
  cashful: { apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
}

describe.each(['cashful', 'paystack', 'mteja'])('/docs/%s.json', (surface) => {
  test(`/docs/${surface}.json says how to authenticate, and what an error looks like`, async () => {
    const document = (await get(`/docs/${surface}.json`)).json()
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: expect.any(String), version: expect.any(String), description: expect.any(String) },
      security: [{ bearer: [] }, ...Object.keys(alternatives[surface] ?? {}).map((name) => ({ [name]: [] }))],
    })
    const schemes = { bearer: { type: 'http', scheme: 'bearer' }, ...alternatives[surface] }
    expect(document.components.securitySchemes).toEqual(schemes)
    const [name] = Object.keys(document.components.schemas)
    expect(name?.toLowerCase()).toBe(`${surface}error`)
  })
})
