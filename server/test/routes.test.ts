import { randomUUID } from 'node:crypto'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OwnedDb } from '../src/db/database.ts'
import { errorSchema as cashfulErrorSchema } from '../src/surfaces/cashful/schemas.ts'
import { errorSchema as mtejaErrorSchema } from '../src/surfaces/mteja/schemas.ts'
import { errorSchema as paystackErrorSchema } from '../src/surfaces/paystack/schemas.ts'
import { fillPath, openTestApi, type TestApi, type TestRoute } from './api.ts'
import { type Belongings, makeBelongings, makeLiveCustomer, suspend } from './belongings.ts'
import { hire } from './people.ts'
import {
  adjusted,
  asked,
  type Cases,
  hooks,
  type Own,
  payment,
  priced,
  type Sent,
  testCard,
  transfer,
} from './route-cases/case.ts'
import { cashful } from './route-cases/cashful.ts'
import { hidden } from './route-cases/hidden.ts'
import { mteja, strictly } from './route-cases/mteja.ts'
import { banking, paystack } from './route-cases/paystack.ts'

const adminKey = 'operator-0123456789'

const cases: Record<string, Cases> = { ...cashful, ...paystack, ...banking, ...strictly, ...hidden }

let api: TestApi
let withoutOperator: TestApi
let own: Own

beforeAll(async () => {
  api = await openTestApi({ adminKey })
  withoutOperator = await api.openAnother({})
  own = { ...(await makeBelongings(api, api.tenant)), ...(await makeOthers()) }
})
afterAll(async () => {
  await withoutOperator.close()
  await api.close()
})

/** Makes a dispute one of an account whose answers are written here: the sandbox keeps no files. */
async function putAtAccount(id: string): Promise<void> {
  const { service } = api
  await (service.db as OwnedDb).asOwner((owner) =>
    owner.execute(`update disputes set account_id = 9, outside_id = '9', outside_reference = 'x' where id = '${id}'`),
  )
  const { processorOf } = service
  const openUpload = async () => ({ url: 'https://files.example.com/a', fileName: 'a.pdf' })
  const ofAccount: typeof processorOf = async (context, tenant, use) => {
    const found = await processorOf(context, tenant, use)
    if (use === 'new' || use.sentBy !== 9n) return found
    const sandbox = await processorOf(context, tenant, 'new')
    return sandbox && { ...sandbox, disputes: { openUpload } as never }
  }
  for (const each of [api, withoutOperator]) Object.assign(each.service, { processorOf: ofAccount })
}

/** A customer with money. */
async function makePayer(): Promise<string> {
  const { id } = (await api.call('POST', '/api/canary/customers', { phoneNumber: '0821234561' })).json()
  await api.call('POST', '/v1/sandbox/pay-ins', { customerId: id, amount: 1000 })
  return id
}

/** Payouts of a customer: one that is not sent yet, one that waits for a person, one that a person has settled, and two that wait for approval. */
async function makePayouts(customerId: string) {
  const make = async (reference: string, amount = 9): Promise<string> => {
    const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789' }
    const made = await api.call('POST', '/v1/payouts', { customerId, amount, destination, reference })
    return made.json().id
  }
  const ids = await Promise.all(['spare', 'manual', 'settled'].map((each) => make(each)))
  const [sparePayoutId, manualPayoutId, settledPayoutId] = ids as [string, string, string]
  await (api.service.db as OwnedDb).asOwner((owner) =>
    owner.execute(`
      update payouts set processor = 'manual', due_at = null where id in ('${manualPayoutId}', '${settledPayoutId}');
      update payouts set processor = 'sandbox' where id = '${sparePayoutId}'
    `),
  )
  const settlement = { outcome: 'paid', proof: 'FT1' }
  const waiting = (await api.call('POST', `/v1/payouts/${settledPayoutId}/settle`, settlement)).json()
  await api.call('POST', `/v1/sandbox/approvals/${waiting.settlementApprovalId}/approve`)
  await api.call('POST', '/v1/sandbox/pay-ins', { customerId, amount: 4_000_000 })
  const [waitingPayoutId, deniablePayoutId] = [await make('waiting', 2_000_000), await make('deniable', 2_000_000)]
  const waits = { waitingPayoutId, deniablePayoutId }
  const made = { sparePayoutId, manualPayoutId, settledPayoutId, ...waits, ...(await makeTransfer(customerId)) }
  // The second change waits for a second person.
  for (const coolDownHours of [2, 1]) await api.call('PATCH', '/v1/payout-settings', { coolDownHours })
  return made
}

/** A transfer of a customer that waits for its one-time password, and a recipient that nothing else needs. */
async function makeTransfer(source: string) {
  const make = async (account_number: string): Promise<string> => {
    const payee = { type: 'basa', name: 'Zero Sum', account_number, bank_code: '198765' }
    return (await api.call('POST', '/transferrecipient', payee)).json().data.recipient_code
  }
  const [recipient, spareRecipientCode] = [await make('0000000004'), await make('0123456788')]
  const body = { source, amount: 7, recipient, reference: 'asking' }
  const askingTransferCode: string = (await api.call('POST', '/transfer', body)).json().data.transfer_code
  return { askingTransferCode, spareRecipientCode }
}

/** The sandbox of test mode as an account that tells of itself: it has nothing. */
function tellAccount(): void {
  const statement = { readPage: async () => ({ items: [], isLast: true }), readBalances: async () => [] }
  const statementOf = async (_context: unknown, tenant: { mode: string }) => (tenant.mode === 'test' ? statement : null)
  const nothing = async () => ({ rows: [], isLast: true, total: 0 })
  const contents = { readCustomers: nothing, readAccountNumbers: nothing, readPayments: nothing }
  const contentsOf = async (_context: unknown, tenant: { mode: string }) => (tenant.mode === 'test' ? contents : null)
  for (const each of [api, withoutOperator]) Object.assign(each.service, { statementOf, contentsOf })
}

/** Customers for the refusals: they have no money, or are denied. */
async function makeOthers(): Promise<Omit<Own, keyof Belongings>> {
  const idempotencyKey = 'used-before'
  const make = async (name: string, body: Record<string, unknown>, headers: Record<string, string> = {}) => {
    const answer = await send(findRoute(name), { body, headers })
    if (answer.statusCode >= 300) throw new Error(`${name}: ${answer.body}`)
    return answer.json()
  }
  await make('POST /customer', { email: 'taken@example.com' })
  const phoneNumber = '0821234560'
  const poor = await make('POST /api/canary/customers', { phoneNumber }, { 'idempotency-key': idempotencyKey })
  const denied = await make('POST /api/canary/customers', { phoneNumber })
  const spent = await make('POST /v1/sandbox/pay-ins', { customerId: poor.id, amount: 50 })
  await make('POST /api/canary/transfers', transfer(poor.id, denied.id))
  const hold = await make('POST /v1/holds', { customerId: denied.id, amount: 10 })
  const deniedIntent = await make('POST /api/canary/payment-intents', { ...asked, customerId: denied.id })
  await make('POST /customer/set_risk_action', { customer: denied.id, risk_action: 'deny' })
  const other = await make('POST /customer', { email: 'other@example.com' })
  const charged = await make('POST /charge', { ...payment, card: testCard })
  const card = { customerId: other.data.customer_code, type: 'card' }
  const unreturnable = { ...payment, card: { ...testCard, number: '4084080000671902' } }
  const { data: waiting } = await make('POST /charge', unreturnable)
  await make('POST /v1/refunds', { transactionId: waiting.reference })
  const [waitingRefund] = (await send(findRoute('GET /refund'), { query: `transaction=${waiting.id}` })).json().data
  const refundOf = async (number: string): Promise<string> => {
    const { data } = await make('POST /charge', { ...payment, card: { ...testCard, number } })
    return (await make('POST /v1/refunds', { transactionId: data.reference })).id
  }
  const complain = async (amount: number) => {
    const complaint = { reference: charged.data.reference, reason: 'Not mine', amount }
    return (await make('POST /v1/sandbox/disputes', complaint)).id as string
  }
  await complain(10)
  const [acceptable, decided, lostOne] = [await complain(11), await complain(12), await complain(13)]
  await api.call('POST', `/v1/disputes/${decided}/decline`, {})
  await api.call('POST', `/v1/disputes/${lostOne}/accept`, {})
  const uploading = await complain(14)
  const wired = (await send(findRoute('GET /dispute'), { query: `transaction=${charged.data.id}` })).json().data
  const numberOf = (amount: number) =>
    String(wired.find((each: { refund_amount: number }) => each.refund_amount === amount).id)
  await putAtAccount(uploading)
  tellAccount()
  const spareMethodId = (await make('POST /v1/sandbox/payment-methods', card)).id
  const declined = await make('POST /v1/sandbox/payment-methods', { ...card, number: '4084080000005408' })
  const paid = await make('POST /api/canary/payment-intents', { ...asked, paymentMethodId: spareMethodId })
  const live = await makeLiveCustomer(api)
  const asksForMandate = { email: payment.email, channel: 'direct_debit' }
  const chargeAsking = async (by: object) => (await make('POST /charge', { ...payment, ...by })).data.reference
  const waitForSecond = async () => {
    const large = {
      ...adjusted,
      customerId: other.data.customer_code,
      amount: 2_000_000,
      reference: `large ${randomUUID()}`,
    }
    return (await make('POST /v1/adjustments', large)).approvalId as string
  }
  const deniedApprovalId = await waitForSecond()
  await api.call('POST', `/v1/approvals/${deniedApprovalId}/deny`, {})
  await make('PATCH /v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 1_500_000 }] })
  const recorded: { requestId: string | null }[] = (await api.call('GET', '/v1/audit?limit=100')).json().data
  const spareMerchant = await make('POST /v1/merchants', { name: 'Soko' })
  const closedMerchant = await make('POST /v1/merchants', { name: 'Mwisho' })
  await api.call('POST', `/v1/merchants/${closedMerchant.id}/close`, {}, adminKey)
  return {
    ...(await makePayouts(await makePayer())),
    // What the background did has no request.
    requestId: recorded.find(({ requestId }) => requestId !== null)?.requestId ?? '',
    spareMerchantId: spareMerchant.id,
    spareSuspendedId: await suspend(api.service, api.tenant),
    closedMerchantId: closedMerchant.id,
    waitingRefundNumber: String(waitingRefund.id),
    unknownRefundId: await refundOf('4084080000672009'),
    shownRefundId: await refundOf('4084080000671902'),
    spareDisputeNumber: numberOf(10),
    uploadingDisputeNumber: numberOf(14),
    acceptableDisputeId: acceptable,
    decidedDisputeId: decided,
    lostDisputeId: lostOne,
    secondPersonKey: (await hire(api.service, api.tenant, 'Second')).secret,
    deniableApprovalId: await waitForSecond(),
    pretendedApprovalId: await waitForSecond(),
    deniedApprovalId,
    spareCheckoutId: (await make('POST /api/canary/checkout/sessions', priced)).id,
    sparePayCode: (await make('POST /transaction/initialize', payment)).data.access_code,
    spareAccessCode: (await make('POST /customer/authorization/initialize', asksForMandate)).data.access_code,
    deniedIntentId: deniedIntent.id,
    spareIntentId: (await make('POST /api/canary/payment-intents', asked)).id,
    paidIntentId: paid.id,
    spareMethodId,
    declinedMethodId: declined.id,
    asking: {
      pin: await chargeAsking({ card: { ...testCard, number: '5060666666666666666' } }),
      otp: await chargeAsking({ card: { ...testCard, number: '5060666666666666666' }, pin: '1234' }),
      phone: await chargeAsking({ card: { ...testCard, number: '507850785078507804' }, pin: '0000' }),
      birthday: await chargeAsking({ bank: { code: '057', account_number: '0000000000' } }),
      address: await chargeAsking({ card: { ...testCard, number: '4084080000020001' } }),
    },
    chargeableCode: charged.data.authorization.authorization_code,
    chargeableEmail: payment.email,
    spareCode: (await make('POST /api/canary/customers', { phoneNumber })).id,
    spareEndpointId: (await make('POST /v1/webhook-endpoints', { url: hooks.url })).id,
    otherEndpointId: (await make('POST /v1/webhook-endpoints', { url: hooks.url })).id,
    idempotencyKey,
    developersKey: (await make('POST /v1/api-keys', { scopes: ['developers'] })).secret,
    readingKey: (await make('POST /v1/api-keys', { role: 'viewer' })).secret,
    spareKeyId: (await make('POST /v1/api-keys', {})).id,
    poorCode: poor.id,
    spentPayInId: spent.id,
    deniedCode: denied.id,
    deniedHoldId: hold.id,
    otherCardCode: (await make('POST /v1/sandbox/payment-methods', card)).authorizationCode,
    liveKey: live.secret,
    liveCustomerId: live.customerId,
  }
}

test('every route has a case for each status it documents', () => {
  const wanted = api.routes.flatMap(({ name, statuses }) =>
    statuses.length === 0 ? [[name, 'any']] : statuses.map((status) => [name, status]),
  )
  const missing = wanted.filter(([name, status]) => {
    const ofRoute = cases[name as string]
    return status === 'any' ? ofRoute === undefined : ofRoute?.[Number(status)] === undefined
  })
  expect(missing).toEqual([])
})

test('a route with a name in its address documents that nothing is there: 404', () => {
  const missing = api.routes.filter(({ hidden, url, statuses }) => !hidden && /:/.test(url) && !statuses.includes(404))
  expect(missing.map(({ name }) => name)).toEqual([])
})

test('every case belongs to a route and a status that exist', () => {
  const known = new Map(api.routes.map((route) => [route.name, route]))
  const stale = Object.entries(cases).flatMap(([name, ofRoute]) => {
    const route = known.get(name)
    if (route === undefined) return [name]
    if (route.statuses.length === 0) return []
    return Object.keys(ofRoute)
      .filter((status) => !route.statuses.includes(Number(status)))
      .map((status) => `${name} ${status}`)
  })
  expect(stale).toEqual([])
})

describe.each(Object.entries(cases))('%s', (name, ofRoute) => {
  test.each(Object.entries(ofRoute))(`${name} answers %s, in the shape documented for it`, async (status, request) => {
    const route = findRoute(name)
    const answer = await send(route, typeof request === 'function' ? request(own) : request)
    expect({ status: answer.statusCode, body: answer.body }).toMatchObject({ status: Number(status) })
    expectDocumentedShape(route, answer)
  })
})

test('HEAD is answered like GET, without a body', async () => {
  const gets = Object.entries({ ...cashful, ...paystack, ...banking, ...mteja }).filter(([name]) =>
    name.startsWith('GET '),
  )
  for (const [name, ofRoute] of gets) {
    const request = ofRoute[404] ?? ofRoute[200] ?? {}
    const sent = typeof request === 'function' ? request(own) : request
    const [get, head] = [await send(findRoute(name), sent), await send({ ...findRoute(name), method: 'HEAD' }, sent)]
    expect([name, head.statusCode, head.body]).toEqual([name, get.statusCode, ''])
  }
})

describe.each(['cashful', 'paystack', 'mteja'])('the API reference of %s', (surface) => {
  test(`the API reference of ${surface} is valid OpenAPI 3.1`, async () => {
    const document = await readDocument(surface)
    const validator = new Validator()
    const { valid, errors } = await validator.validate(document)
    expect({ valid, errors, version: validator.version }).toEqual({ valid: true, errors: undefined, version: '3.1' })
  })

  test(`the API reference of ${surface} shows exactly the routes, each with a name, a summary, a tag and an example`, async () => {
    const { paths } = await readDocument(surface)
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
        operation,
      })),
    )
    const prefix = {
      cashful: / \/api\/canary\//,
      mteja: / \/v1\//,
      paystack:
        / \/(customer|transaction|charge|refund|dispute|balance|settlement|transfer|bank|decision|dedicated_account|directdebit|country|address_verification)/,
    }[surface] as RegExp
    const shown = operations.map(({ name }) => name).sort()
    const there = api.routes.filter((route) => !route.hidden && prefix.test(route.name)).map((route) => route.name)
    expect(shown).toEqual(there.sort())

    const lacking = operations.flatMap(({ name, operation }) => whatLacks(operation).map((lack) => `${name}: ${lack}`))
    expect(lacking).toEqual([])
  })

  test(`the API reference of ${surface} gives each operation a name of its own`, async () => {
    const { paths } = await readDocument(surface)
    const names = Object.values(paths).flatMap((methods) => Object.values(methods).map((each) => each.operationId))
    expect(names.length).toBe(new Set(names).size)
  })
})

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  requestBody?: { content: Record<string, MediaType> }
  responses: Record<string, { content?: Record<string, MediaType> }>
}

interface MediaType {
  schema: Schema
  example?: unknown
  examples?: Record<string, unknown>
}

async function readDocument(surface: string) {
  const answer = await api.call('GET', `/docs/${surface}.json`, undefined, null)
  return answer.json<{ paths: Record<string, Record<string, Operation>> }>()
}

/** The members of a schema that the tests read. */
interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  const?: unknown
  examples?: unknown[]
  example?: unknown
}

function whatLacks(operation: Operation): string[] {
  const bodies = [
    ...Object.values(operation.requestBody?.content ?? {}).map((body) => ({ what: 'request', body })),
    ...Object.entries(operation.responses)
      .filter(([status]) => status.startsWith('2'))
      .flatMap(([status, { content = {} }]) => Object.values(content).map((body) => ({ what: status, body }))),
  ]
  return [
    ...(operation.operationId ? [] : ['no operationId']),
    ...(operation.summary ? [] : ['no summary']),
    ...(operation.tags?.length ? [] : ['no tag']),
    ...bodies.filter(({ body }) => !hasExample(body)).map(({ what }) => `no example of the ${what} body`),
  ]
}

function hasExample({ schema, example, examples = {} }: MediaType): boolean {
  return example !== undefined || Object.keys(examples).length > 0 || schemaHasExample(schema)
}

/** Whether the schema or one of its members has an example. */
function schemaHasExample({ example, examples = [], properties = {}, anyOf = [], items }: Schema): boolean {
  if (example !== undefined || examples.length > 0) return true
  return [...Object.values(properties), ...anyOf, ...(items ? [items] : [])].some(schemaHasExample)
}

function findRoute(name: string): TestRoute {
  const route = api.routes.find((each) => each.name === name)
  if (route === undefined) throw new Error(`there is no route ${name}`)
  return route
}

async function send(route: TestRoute, sent: Sent): Promise<LightMyRequestResponse> {
  const { params = {}, query, body, operator, database, headers = {} } = sent
  const usual = /^\/v1\/(merchants|operator|signing-keys|ledger)/.test(route.url) ? adminKey : api.tenant.secret
  const bearer = sent.bearer === undefined ? usual : sent.bearer
  const outage =
    database === 'down' ? vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('gone')) : undefined
  try {
    return await (operator === 'none' ? withoutOperator : api).app.inject({
      method: route.method as 'GET',
      url: `${fillPath(route.url, params)}${query === undefined ? '' : `?${query}`}`,
      headers: { ...headers, ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }) },
      ...(body === undefined ? {} : { payload: body as object }),
    })
  } finally {
    outage?.mockRestore()
  }
}

const ajv = new Ajv({ strict: false, allErrors: true })
formats.default(ajv, ['email', 'uri', 'date-time'])
for (const schema of [cashfulErrorSchema, paystackErrorSchema, mtejaErrorSchema])
  ajv.addSchema(closed(schema) as object)

function expectDocumentedShape(route: TestRoute, answer: LightMyRequestResponse): void {
  const schema = (route.schema.response as Record<number, object> | undefined)?.[answer.statusCode]
  // A stream has lines of a shape, and no body of one shape.
  if (answer.body === '' && schema !== undefined) {
    expect(schema).toMatchObject({ type: 'null' })
    return
  }
  if (schema === undefined || /ndjson|csv/.test(String(answer.headers['content-type']))) return
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  const validate: ValidateFunction = ajv.compile(closed(schema) as object)
  validate(answer.json())
  expect({ body: answer.json(), errors: validate.errors }).toMatchObject({ errors: null })
}

/** The schema without room for undocumented members, because clients of some languages fail on them. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.entries(schema).map(([name, value]) => [name, name === 'examples' ? value : closed(value)])
  const open = 'properties' in schema && !('additionalProperties' in schema)
  return { ...Object.fromEntries(members), ...(open ? { additionalProperties: false } : {}) }
}
