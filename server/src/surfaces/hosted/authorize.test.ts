import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
  tenant = await createTestTenant(api.service, { name: 'Duka <b>& Sons</b>' })
})
afterAll(() => api.close())

async function initialize(body: Record<string, unknown> = {}) {
  const given = { email: 'zero@example.com', channel: 'direct_debit', ...body }
  const { data } = (await api.call('POST', '/customer/authorization/initialize', given, tenant.secret)).json()
  return { path: `/authorize/${data.access_code}`, reference: data.reference as string }
}

const open = (path: string) => api.call('GET', path, undefined, null)
const statusOf = async (reference: string) =>
  (await api.call('GET', `/customer/authorization/verify/${reference}`, undefined, tenant.secret)).statusCode

/** Sends the form as a browser does. */
function submit(url: string, form: Record<string, string> = { accountNumber: '0123456789', bankCode: '058' }) {
  return api.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(form).toString(),
  })
}

describe('the page where a customer authorizes a direct debit', () => {
  test('the authorization page shows the merchant’s name as text, not as markup', async () => {
    const { path } = await initialize()
    const answer = await open(path)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/html/)])
    expect(answer.body).toContain('Duka &lt;b&gt;&amp; Sons&lt;/b&gt;')
    expect(answer.body).not.toContain('<b>')
  })

  test('the authorization page fills in the bank that was asked for', async () => {
    const account = { number: '0123456789', bank_code: '"><i>' }
    const { path } = await initialize({ account })
    expect((await open(path)).body).toContain('value="&quot;&gt;&lt;i&gt;"')
  })

  test('approving on the authorization page sends the customer back with the reference', async () => {
    const { path, reference } = await initialize({ callback_url: 'https://shop.example/done?a=1#top' })
    const answer = await submit(path)
    expect([answer.statusCode, answer.headers.location]).toEqual([
      303,
      `https://shop.example/done?a=1&reference=${reference}#top`,
    ])
    expect(await statusOf(reference)).toBe(200)
  })

  test.each([undefined, 'javascript:alert(1)', 'data:text/html,x'])(
    'approving with the callback %s shows a thank-you instead of leading there',
    async (callback_url) => {
      const { path } = await initialize({ callback_url })
      const answer = await submit(path)
      expect([answer.statusCode, answer.headers.location]).toEqual([200, undefined])
      expect(answer.body).toContain('Thank you')
    },
  )

  test('an authorization page can be approved once', async () => {
    const { path, reference } = await initialize()
    await submit(path)
    expect((await open(path)).body).toContain('answered this request already')
    expect((await submit(path)).statusCode).toBe(200)
    expect(await statusOf(reference)).toBe(200)
  })

  test.each([
    [{}],
    [{ accountNumber: '12345', bankCode: '058' }],
    [{ accountNumber: '0123456789', bankCode: '' }],
    [{ accountNumber: '0123456789', bankCode: '<i>' }],
    [{ 'accountNumber[]': '0123456789', bankCode: '058' }],
  ])('the authorization page answers the form %j with its fault, and nothing is authorized', async (form) => {
    const { path, reference } = await initialize()
    const answer = await submit(path, form)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, expect.stringMatching(/^text\/html/)])
    expect(await statusOf(reference)).toBe(404)
  })

  test.each(['nothing', '%00', 'x'.repeat(400), '%3Cscript%3E'])(
    'the authorization page /authorize/%s answers 404',
    async (code) => {
      for (const answer of [await open(`/authorize/${code}`), await submit(`/authorize/${code}`)]) {
        expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, expect.stringMatching(/^text\/html/)])
        expect(answer.body).not.toContain('<script')
      }
    },
  )
})
