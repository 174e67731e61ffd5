import { describe, expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { listDefects } from '../src/shape.ts'
import { exchange, type WireRequest } from '../src/wire.ts'
import { type Refusal, refusals } from './refusals.ts'
import { makeCustomer } from './replay.ts'
import { refused } from './shapes.ts'

const merchant = useMerchant()

function request(line: string, body?: string, key = merchant.key): WireRequest {
  const [method = '', target = ''] = line.split(' ')
  const headers = { Authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return { method, target, headers, ...(body === undefined ? {} : { body }) }
}

async function expectRefusal(sent: WireRequest, { status, body }: { status: number; body?: object }): Promise<void> {
  const response = await exchange(merchant.url, sent)
  expect(listDefects(refused, response.json)).toEqual([])
  expect(response).toMatchObject({ status, json: body ?? {} })
  expect(response.headers['content-type']).toMatch(/^application\/json/)
}

describe('requests refused in the error envelope', () => {
  test.each<[string, string | undefined, Refusal]>([
    ['without an e-mail', '{"first_name":"Ada"}', refusals.missingEmail],
    ['with an e-mail of null', '{"email":null}', refusals.missingEmail],
    ['without a body', undefined, refusals.missingEmail],
    ['with a malformed e-mail', '{"email":"ada"}', refusals.malformedEmail],
    ['with metadata that is text', '{"email":"ada@example.com","metadata":"text"}', refusals.metadataNotObject],
    ['with metadata that is a list', '{"email":"ada@example.com","metadata":[1]}', refusals.metadataNotObject],
    ['with metadata that is a number', '{"email":"ada@example.com","metadata":1}', refusals.metadataNotObject],
  ])('a create %s is refused in the error envelope', (_, body, refusal) =>
    expectRefusal(request('POST /customer', body), refusal),
  )

  test.each(['first_name', 'last_name', 'type', 'country', 'bvn', 'bank_code', 'account_number'])(
    'an identification without %s is refused in the error envelope',
    async (member) => {
      const { code } = await makeCustomer(merchant)
      const identity = { first_name: 'A', last_name: 'B', type: 'bank_account', country: 'NG', bvn: '20012345677' }
      const body = JSON.stringify({ ...identity, bank_code: '007', account_number: '0123456789', [member]: undefined })
      const message = `Please enter a valid \`${member}\``
      await expectRefusal(request(`POST /customer/${code}/identification`, body), { status: 400, body: { message } })
    },
  )

  test('an identification by BVN alone, as paystack-api may still send it, is refused in the error envelope', async () => {
    const { code } = await makeCustomer(merchant)
    const body = '{"first_name":"A","last_name":"B","type":"bvn","value":"20012345677","country":"NG"}'
    await expectRefusal(request(`POST /customer/${code}/identification`, body), { status: 400 })
  })

  test('an identification by details already confirmed is refused in the error envelope', async () => {
    const { code } = await makeCustomer(merchant)
    const body =
      '{"first_name":"Uchenna","last_name":"Okoro","type":"bank_account","country":"NG","bvn":"222222222221","bank_code":"007","account_number":"0111111111"}'
    const identify = () => exchange(merchant.url, request(`POST /customer/${code}/identification`, body))
    expect(await identify()).toMatchObject({ status: 202 })
    const message = 'Customer already validated using the same credentials'
    await expect.poll(identify, { timeout: 60_000 }).toMatchObject({ status: 400, json: { status: false, message } })
  })

  test.each<[string, string, string?]>([
    ['a list', 'GET /customer'],
    ['a fetch', 'GET /customer/CUS_x'],
    ['a create', 'POST /customer', '{"email":"ada@example.com"}'],
    ['an update', 'PUT /customer/CUS_x', '{}'],
    ['an identification', 'POST /customer/CUS_x/identification', '{}'],
    ['a risk action', 'POST /customer/set_risk_action', '{"customer":"CUS_x"}'],
    ['a deactivation', 'POST /customer/deactivate_authorization', '{"authorization_code":"AUTH_x"}'],
    ['a deactivation on the new path', 'POST /customer/authorization/deactivate', '{"authorization_code":"AUTH_x"}'],
    ['the beginning of an authorization', 'POST /customer/authorization/initialize', '{"email":"ada@example.com"}'],
    ['the check of an authorization', 'GET /customer/authorization/verify/ref1'],
    ['the beginning of direct debit', 'POST /customer/1173/initialize-direct-debit', '{}'],
    ['an activation charge', 'PUT /customer/1173/directdebit-activation-charge', '{"authorization_id":1}'],
    ['a list of mandates', 'GET /customer/1173/directdebit-mandate-authorizations'],
  ])('%s with a wrong key is refused in the error envelope', (_, line, body) =>
    expectRefusal(request(line, body, 'sk_test_wrong'), refusals.invalidKey),
  )

  test('verifying an authorization that was never begun is refused in the error envelope', () =>
    expectRefusal(request('GET /customer/authorization/verify/ref1'), refusals.unknownReference))

  test('a request without a key is refused in the error envelope', async () => {
    const message = expect.stringMatching(/^No Authorization Header was found$/i)
    await expectRefusal({ method: 'GET', target: '/customer' }, { status: 401, body: { message } })
  })

  test('a route that does not exist is refused in the error envelope', () =>
    expectRefusal(request('GET /customer/CUS_x/cards'), { status: 404 }))

  test('a body that is cut off is refused in the error envelope', () =>
    expectRefusal(request('POST /customer', '{"email":'), { status: 400 }))
})
