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
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'; style-src 'sha256-")
    expect([answer.headers['cache-control'], answer.headers['referrer-policy']]).toEqual(['no-store', 'no-referrer'])
  })

  test('the authorization page says what is agreed: with whom, from which account, until when', async () => {
    const account = { number: '0123456789', bank_code: '058' }
    const { path, reference } = await initialize({ account })
    const { body } = await open(path)
    expect(body).toContain('asks to take payments from your bank account')
    expect(body).toContain('Approving takes no money')
    expect(body).toContain('The permission ends in January 2036')
    for (const part of ['<bdi>zero@example.com</bdi>', '012****789', `<bdi>${reference}</bdi>`]) {
      expect(body).toContain(`<dd>${part}</dd>`)
    }
    expect(body).toContain('<option value="058" selected>Guaranty Trust Bank</option>')
    expect(body).not.toMatch(/<script|src=|<link|@import|url\(/)
  })

  test('the authorization page offers the banks of the merchant’s country by name', async () => {
    const nigerian = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
    const given = { email: 'zero@example.com', channel: 'direct_debit' }
    const { data } = (await api.call('POST', '/customer/authorization/initialize', given, nigerian.secret)).json()
    const { body } = await open(`/authorize/${data.access_code}`)
    expect(body).toContain('<option value="044">Access Bank</option>')
    expect(body).not.toContain('Standard Bank South Africa')
  })

  test('the authorization page of a merchant whose country’s banks are not known asks for a bank code', async () => {
    const ugandan = await createTestTenant(api.service, { country: 'UG', currencies: ['UGX'] })
    const given = { email: 'zero@example.com', channel: 'direct_debit' }
    const { data } = (await api.call('POST', '/customer/authorization/initialize', given, ugandan.secret)).json()
    const sent = await submit(`/authorize/${data.access_code}`, { accountNumber: '0123456789', bankCode: 'STB-1' })
    expect([sent.statusCode, sent.body]).toEqual([200, expect.stringContaining('Thank you')])
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
      expect(answer.headers['content-security-policy']).toContain("form-action 'self';")
    },
  )

  test('an authorization page can be approved once', async () => {
    const { path, reference } = await initialize()
    await submit(path)
    expect((await open(path)).body).toContain('You approved this request')
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
    expect(answer.body).toMatch(/<p class="wrong" id="(accountNumber|bankCode)-fault">/)
    expect(answer.body).toContain('aria-invalid="true"')
    for (const [name, typed] of Object.entries(form)) {
      if (typed !== '' && !name.includes('['))
        expect(answer.body).toContain(`value="${typed.replace('<i>', '&lt;i&gt;')}"`)
    }
    expect(await statusOf(reference)).toBe(404)
  })

  test('declining sends the customer back with the reference, ends the mandate and is told', async () => {
    const { path, reference } = await initialize({ callback_url: 'https://shop.example/done?a=1' })
    const answer = await submit(path, { answer: 'decline', accountNumber: '', bankCode: '' })
    expect([answer.statusCode, answer.headers.location]).toEqual([
      303,
      `https://shop.example/done?a=1&reference=${reference}`,
    ])
    expect(await statusOf(reference)).toBe(404)
    const { data } = (await api.call('GET', '/v1/events?type=mandate.declined', undefined, tenant.secret)).json()
    expect(data.filter((event: { data: { id: string } }) => event.data.id === reference)).toHaveLength(1)
  })

  test('a declined mandate cannot be approved any more, and is in no list', async () => {
    const { path, reference } = await initialize()
    expect((await submit(path, { answer: 'decline' })).body).toContain('may not take payments from your account')
    expect((await open(path)).body).toContain('You declined this request')
    expect((await submit(path)).body).toContain('You declined this request')
    expect(await statusOf(reference)).toBe(404)
    await api.settle()
    const approve = `/v1/sandbox/mandates/${reference}/approve`
    expect((await api.call('POST', approve, {}, tenant.secret)).json()).toEqual({
      reference,
      status: 'declined',
      authorizationCode: null,
    })
    const list = '/directdebit/mandate-authorizations'
    const { data } = (await api.call('GET', list, undefined, tenant.secret)).json()
    expect(data.map((each: { status: string }) => each.status)).not.toContain('declined')
  })

  test('an approved mandate cannot be declined any more', async () => {
    const { path, reference } = await initialize()
    await submit(path)
    expect((await submit(path, { answer: 'decline' })).body).toContain('You approved this request')
    expect(await statusOf(reference)).toBe(200)
    const decline = `/v1/sandbox/mandates/${reference}/decline`
    expect((await api.call('POST', decline, undefined, tenant.secret)).json()).toMatchObject({ status: 'pending' })
  })

  test('of a mandate approved and declined at once, one answer counts and one event tells it', async () => {
    const { path, reference } = await initialize()
    await Promise.all([
      submit(path),
      submit(path, { answer: 'decline' }),
      submit(path),
      submit(path, { answer: 'decline' }),
    ])
    const { data } = (await api.call('GET', '/v1/events', undefined, tenant.secret)).json()
    const told = data.filter((event: { data: { id: string } }) => event.data.id === reference)
    expect(told).toHaveLength(1)
    expect(await statusOf(reference)).toBe(told[0].type === 'mandate.created' ? 200 : 404)
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
