import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { deliverDue } from '../../../test/deliver.ts'
import { keepLog } from '../../../test/kept-log.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import { sql } from '../../db/sql.ts'
import type { RecordedEvent } from '../../domain/events/events.ts'
import { finishDueChecks } from '../../domain/identity/due-checks.ts'
import { failureReasons, type IdentityVerifier } from '../../domain/identity/identity-verifier.ts'
import { createApiKey } from '../../domain/merchants/api-keys.ts'
import type { Mode, Tenant } from '../../domain/merchants/tenant.ts'
import { sandboxAccounts } from '../../domain/sandbox/verifier.ts'
import { setPaystackWebhook } from '../../domain/webhooks/endpoints.ts'
import { chooseProviders } from '../../start/providers.ts'
import { eventRenderers } from '../../start/webhook-bodies.ts'
import { renderIdentificationEvent } from '../../surfaces/paystack/events.ts'
import { createPaystackVerifier } from './verifier.ts'

// Identity checks forwarded to a second Mteja, which stands in for Paystack and speaks its API over HTTP.

const credential = {
  first_name: 'Uchenna',
  last_name: 'Okoro',
  type: 'bank_account',
  country: 'NG',
  bvn: '222222222221',
  bank_code: '007',
  account_number: '0111111111',
}
const accepted = [202, { status: true, message: 'Customer Identification in progress' }]

let upstream: TestApi
let api: TestApi
let origin: string
let closeService: () => Promise<void>
/** What goes wrong on the way to the upstream, request by request; then nothing. */
let faults: (() => Promise<Response>)[]
let asked: string[]
/** What was observed of each call: its operation and outcome. */
let observed: string[]
/** Of this test's person, here and there. */
let email = 'person0@example.com'
let number = 0

beforeAll(async () => {
  upstream = await openTestApi()
  origin = await upstream.app.listen({ port: 0, host: '127.0.0.1' })
  const bare = await openTestApi()
  closeService = () => bare.close()
  api = await bare.openAnother({ upstreamPaystack: { secretKey: upstream.tenant.secret } })
})
beforeEach(() => {
  faults = []
  asked = []
  observed = []
  number += 1
  email = `person${number}@example.com`
  const account = {
    secretKey: upstream.tenant.secret,
    baseUrl: origin,
    fetch: async (input: Parameters<typeof fetch>[0], init?: RequestInit) => {
      asked.push(`${init?.method} ${new URL(String(input)).pathname.replace(/CUS_\w+/, 'CUS_…')}`)
      const fault = faults.shift()
      return fault === undefined ? fetch(input, init) : fault()
    },
  }
  const verifier = createPaystackVerifier(account, (operation, outcome, durationMs) => {
    expect(durationMs).toBeGreaterThan(0)
    observed.push(`${operation} ${outcome}`)
  })
  judgeBy({ test: verifier, live: null })
})
afterAll(async () => {
  await api.app.close()
  await closeService()
  await upstream.close()
})

function judgeBy(verifiers: Record<Mode, IdentityVerifier | null>): void {
  Object.assign(api.service, { verifierOf: async (_: unknown, { mode }: Tenant) => verifiers[mode] })
}

async function create(): Promise<string> {
  const answer = await api.call('POST', '/customer', { email, first_name: 'Zero', last_name: 'Sum' })
  return answer.json().data.customer_code
}

async function identify(code: string, details: Partial<typeof credential> = {}) {
  const answer = await api.call('POST', `/customer/${code}/identification`, { ...credential, ...details })
  return [answer.statusCode, answer.json()]
}

/** Does what is due here now: asks the upstream, or finishes by what it has told. */
async function advance(ms = api.service.sandboxDelayMs) {
  api.service.clock.advance(ms)
  await finishDueChecks(api.service)
}

/** Has the upstream judge, and answers its webhooks, as they would be sent. */
async function webhooksOfUpstream(): Promise<string[]> {
  await upstream.settle()
  const rows = await upstream.service.db.query<Pick<RecordedEvent, 'type' | 'mode' | 'data'>>(sql`
    select type, mode, data from events
    where type like 'identity.%' and data -> 'customer' ->> 'email' = ${email}
    order by id
  `)
  return rows.map((event) => JSON.stringify(renderIdentificationEvent(event)))
}

async function deliver(body: string, signature = sign(body)) {
  const answer = await api.app.inject({
    method: 'POST',
    url: '/webhooks/paystack',
    headers: { 'content-type': 'application/json', 'x-paystack-signature': signature },
    payload: body,
  })
  return answer.statusCode
}

function sign(body: string, key = upstream.tenant.secret): string {
  return createHmac('sha512', key).update(body).digest('hex')
}

async function fetchCustomer(code: string) {
  return (await api.call('GET', `/customer/${code}`)).json().data
}

async function outcomes() {
  return api.service.db.query<{ type: string; reason: string | null }>(sql`
    select type, data -> 'details' ->> 'reason' as reason from events
    where type like 'identity.%' and data -> 'customer' ->> 'email' = ${email}
    order by id
  `)
}

const failsWith = (status: number, message: string) => async () =>
  new Response(JSON.stringify({ status: false, message }), { status })

describe('a check that is forwarded', () => {
  test('a forwarded check is known by the upstream under the customer’s e-mail, and succeeds by its webhook with the upstream’s names', async () => {
    const code = await create()
    expect(await identify(code, { first_name: 'uchenna', last_name: 'okoro' })).toEqual(accepted)
    await advance()
    expect(asked).toEqual(['POST /customer', 'POST /customer/CUS_…/identification'])
    expect((await upstream.call('GET', `/customer/${email}`)).statusCode).toBe(200)
    expect(await fetchCustomer(code)).toMatchObject({ identified: false, first_name: 'Zero' })

    const [webhook = ''] = await webhooksOfUpstream()
    expect(await deliver(webhook)).toBe(200)
    await advance(0)
    expect(await fetchCustomer(code)).toMatchObject({ identified: true, first_name: 'Uchenna', last_name: 'Okoro' })
    expect(await outcomes()).toEqual([{ type: 'identity.succeeded', reason: null }])
  })

  test('a forwarded check fails for the upstream’s reason', async () => {
    const code = await create()
    await identify(code, { account_number: sandboxAccounts.nameMismatch })
    await advance()
    const [webhook = ''] = await webhooksOfUpstream()
    expect(await deliver(webhook)).toBe(200)
    await advance(0)
    expect(await fetchCustomer(code)).toMatchObject({ identified: false, first_name: 'Zero' })
    expect(await outcomes()).toEqual([{ type: 'identity.failed', reason: failureReasons.nameMismatch }])
  })

  test('a forwarded check is finished once, however often its webhook comes', async () => {
    const code = await create()
    await identify(code)
    await advance()
    const [webhook = ''] = await webhooksOfUpstream()
    expect(await Promise.all([deliver(webhook), deliver(webhook)])).toEqual([200, 200])
    await advance(0)
    expect(await deliver(webhook)).toBe(200)
    await advance(0)
    expect(await outcomes()).toHaveLength(1)
  })

  test('a forwarded check is finished by a webhook that arrives before the upstream has answered the request', async () => {
    const code = await create()
    await identify(code)
    // The upstream has taken the details and tells the outcome; its answer to us is lost.
    faults = [
      () => fetchUpstream('POST', '/customer', { email }),
      async () => {
        const { data } = (await upstream.call('GET', `/customer/${email}`)).json()
        await upstream.call('POST', `/customer/${data.customer_code}/identification`, credential)
        const [webhook = ''] = await webhooksOfUpstream()
        expect(await deliver(webhook)).toBe(200)
        throw new Error('the connection was reset')
      },
    ]
    await advance()
    await advance(0)
    expect(await outcomes()).toEqual([{ type: 'identity.succeeded', reason: null }])
    expect((await fetchCustomer(code)).identified).toBe(true)
  })

  test('a forwarded check succeeds where the upstream has validated the same details before', async () => {
    await upstream.call('POST', '/customer', { email })
    await upstream.call('POST', `/customer/${email}/identification`, credential)
    await upstream.settle()
    const code = await create()
    await identify(code)
    await advance()
    expect(await outcomes()).toEqual([{ type: 'identity.succeeded', reason: null }])
    expect(await fetchCustomer(code)).toMatchObject({ first_name: 'Uchenna', identified: true })
  })

  test('a forwarded check takes only the webhook of its own details', async () => {
    const code = await create()
    await identify(code, { account_number: sandboxAccounts.unresolved })
    await identify(code)
    await advance()
    const webhooks = await webhooksOfUpstream()
    expect(webhooks).toHaveLength(2)
    for (const webhook of webhooks.toReversed()) await deliver(webhook)
    await advance(0)
    expect((await outcomes()).map(({ type }) => type).sort()).toEqual(['identity.failed', 'identity.succeeded'])
  })
})

describe('an upstream in trouble', () => {
  test.each([
    ['a 503', failsWith(503, 'Try again later')],
    ['a refused key', failsWith(401, 'Invalid key')],
    ['no answer', () => Promise.reject(new DOMException('The operation timed out', 'TimeoutError'))],
    ['HTML', async () => new Response('<html>')],
    ['JSON that is no object', async () => new Response('null')],
  ])('a check is tried again with back-off after %s from the upstream', async (_what, fault) => {
    const code = await create()
    await identify(code)
    faults = [fault, fault]
    await advance()
    await advance(29_999)
    expect(asked).toHaveLength(1)
    await advance(1)
    expect(asked).toHaveLength(2)
    await advance(60_000)
    expect(asked).toHaveLength(4)
    const [webhook = ''] = await webhooksOfUpstream()
    await deliver(webhook)
    await advance(0)
    expect((await fetchCustomer(code)).identified).toBe(true)
  })

  test('an upstream in trouble leaves lines in the log and an observed call for each attempt, without the customer’s values', async () => {
    const log = keepLog()
    const code = await create()
    await identify(code)
    faults = [
      failsWith(401, 'Invalid key'),
      failsWith(500, 'Oops'),
      () => Promise.reject(new DOMException('The operation timed out', 'TimeoutError')),
      () => Promise.reject(new TypeError('fetch failed')),
    ]
    const { failures } = api.service
    Object.assign(api.service, { failures: createFailureLog(api.service.clock, log) })
    await advance()
    for (const seconds of [30, 60, 120, 240]) await advance(seconds * 1000)
    Object.assign(api.service, { failures })
    const ofChecks = log.lines.filter(({ members }) => String(members.subject).startsWith('background identity_checks'))
    expect(ofChecks.map(({ level, members }) => [level, members.operation, members.outcome, members.status])).toEqual([
      ['warn', 'create_customer', 'refused', 401],
      // The second failure comes within a minute: it is counted.
      ['warn', 'create_customer', 'timed_out', null],
      ['warn', 'create_customer', 'unreachable', null],
      ['warn', undefined, undefined, undefined],
    ])
    expect(JSON.stringify(log.lines)).not.toMatch(/222222222221|0111111111|Okoro|@/)
    expect(observed).toEqual([
      'create_customer refused',
      'create_customer failed',
      'create_customer timed_out',
      'create_customer unreachable',
      'create_customer answered',
      'identify_customer answered',
    ])
    const [webhook = ''] = await webhooksOfUpstream()
    await deliver(webhook)
    await advance(0)
    expect(observed.at(-1)).toBe('fetch_customer answered')
    expect((await fetchCustomer(code)).identified).toBe(true)
  })

  test('an upstream in trouble is asked for a quarter of an hour, and the check is then reported as failed', async () => {
    await identify(await create())
    faults = Array.from({ length: 10 }, () => failsWith(500, 'Oops'))
    await advance()
    for (const seconds of [30, 60, 120, 240, 480]) await advance(seconds * 1000)
    expect(asked).toHaveLength(6)
    expect(await outcomes()).toEqual([{ type: 'identity.failed', reason: failureReasons.unresolved }])
    await advance(3_600_000)
    expect(asked).toHaveLength(6)
  })

  test.each([
    ['Invalid BVN', failureReasons.numberMismatch],
    ['Please enter a valid `bank_code`', failureReasons.unresolved],
  ])('an upstream that refuses the details with "%s" fails the check', async (message, reason) => {
    await identify(await create())
    faults = [() => fetchUpstream('POST', '/customer', { email }), failsWith(400, message)]
    await advance()
    expect(await outcomes()).toEqual([{ type: 'identity.failed', reason }])
  })

  test('an upstream that never tells the outcome is waited for three days', async () => {
    await identify(await create())
    await advance()
    await advance(72 * 3_600_000 - 1)
    expect(await outcomes()).toEqual([])
    await advance(1)
    expect(await outcomes()).toEqual([{ type: 'identity.failed', reason: failureReasons.unresolved }])
    const [webhook = ''] = await webhooksOfUpstream()
    expect(await deliver(webhook)).toBe(200)
    await advance(0)
    expect(await outcomes()).toHaveLength(1)
  })

  test('an upstream that cannot give the names does not undo its success: the names given are taken', async () => {
    const code = await create()
    await identify(code)
    await advance()
    const [webhook = ''] = await webhooksOfUpstream()
    await deliver(webhook)
    faults = Array.from({ length: 10 }, () => failsWith(500, 'Oops'))
    await advance(0)
    for (const seconds of [30, 60, 120, 240, 480]) await advance(seconds * 1000)
    expect(await fetchCustomer(code)).toMatchObject({ identified: true, first_name: 'Uchenna' })
  })
})

describe('a webhook', () => {
  const body = JSON.stringify({ event: 'charge.success', data: {} })

  test('a webhook of another event, or of nobody here, is acknowledged', async () => {
    expect(await deliver(body)).toBe(200)
    const identification = { country: 'NG', type: 'bank_account' }
    const data = { customer_id: '1', customer_code: 'CUS_nobody', email: 'x@example.com', identification }
    expect(await deliver(JSON.stringify({ event: 'customeridentification.success', data }))).toBe(200)
    expect(await deliver('[]')).toBe(200)
    expect(await deliver('null')).toBe(200)
  })

  test('a webhook without the account’s signature is refused', async () => {
    expect(await deliver(body, sign(body, 'sk_test_another'))).toBe(401)
    expect(await deliver(`${body} `, sign(body))).toBe(401)
    expect(await deliver(body, 'zz')).toBe(401)
    const answer = await api.app.inject({ method: 'POST', url: '/webhooks/paystack', payload: { event: 'x' } })
    expect(answer.statusCode).toBe(401)
  })

  test('a webhook that is no JSON is a bad request', async () => {
    expect(await deliver('{')).toBe(400)
  })
})

test('an upstream whose webhooks come by themselves needs nothing between the request and the outcome but time', async () => {
  const own = await api.app.listen({ port: 0, host: '127.0.0.1' })
  await setPaystackWebhook(upstream.service, upstream.tenant, `${own}/webhooks/paystack`, upstream.tenant.secret)
  const code = await create()
  await identify(code)
  await identify(code, { account_number: sandboxAccounts.numberMismatch })
  await advance()
  await upstream.settle()
  // Those of one customer go one after the other.
  expect(await deliverDue(upstream.service, eventRenderers)).toBe(1)
  expect(await deliverDue(upstream.service, eventRenderers)).toBe(1)
  await advance(0)
  expect((await outcomes()).map(({ type }) => type).sort()).toEqual(['identity.failed', 'identity.succeeded'])
  expect(await fetchCustomer(code)).toMatchObject({ identified: true, first_name: 'Uchenna', last_name: 'Okoro' })
})

test('a Paystack account is asked at once, however long the sandbox takes', async () => {
  const oneDay = {
    sandboxDelayMs: 86_400_000,
    upstreamPaystack: { secretKey: upstream.tenant.secret, baseUrl: origin },
    paystackUrl: origin,
  }
  Object.assign(api.service, chooseProviders(api.service, oneDay))
  const code = await create()
  await identify(code)
  await advance(0)
  const [webhook = ''] = await webhooksOfUpstream()
  expect(await deliver(webhook)).toBe(200)
  await advance(0)
  expect(await fetchCustomer(code)).toMatchObject({ identified: true })
})

test('a customer without an e-mail cannot be identified, and is told so', async () => {
  const { id } = (await api.call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json()
  const [status, body] = await identify(id)
  expect([status, (body as { message: string }).message]).toEqual([400, expect.stringContaining('e-mail')])
})

test('live mode is open where a live account stands behind it, and test mode stays as it is', async () => {
  const { secret } = await createApiKey(upstream.service, upstream.tenant.merchant, { mode: 'live' })
  const live = createPaystackVerifier({ secretKey: secret, baseUrl: origin, fetch })
  judgeBy({ test: null, live })
  const key = await createApiKey(api.service, api.tenant.merchant, { mode: 'live' })
  await api.call('POST', '/customer', { email: 'live@example.com' }, key.secret)
  // A BVN of the sandbox has a digit more.
  const ofLive = { ...credential, bvn: credential.bvn.slice(0, 11) }
  const answer = await api.call('POST', '/customer/live@example.com/identification', ofLive, key.secret)
  expect(answer.statusCode).toBe(202)
  expect(await identify(await create())).toMatchObject([403, { code: 'feature_unavailable' }])
})

function fetchUpstream(method: string, path: string, body: object): Promise<Response> {
  return fetch(`${origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${upstream.tenant.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}
