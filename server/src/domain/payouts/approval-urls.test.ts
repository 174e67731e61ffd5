import http from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { openReceiver, type Receiver } from '../../../test/receiver.ts'
import { createTestTenant, type TestTenant } from '../../../test/service.ts'
import { createApprovalUrlAsker } from '../../start/approval-urls.ts'
import { inTransaction } from '../context.ts'
import { pauseSending, setPaused } from '../payments/sending-pauses.ts'
import { signAsPaystack } from '../webhooks/signatures.ts'
import { advanceDuePayouts } from './advancing.ts'

let api: TestApi
let receiver: Receiver
let tenant: TestTenant
let customer: string

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
  receiver = await openReceiver()
  customer = (await call('POST', '/customer', { email: 'ada@example.com' })).data.customer_code
  await call('POST', '/v1/sandbox/pay-ins', { customerId: customer, amount: 5000 })
  expect(await call('PATCH', '/v1/payout-settings', { approvalUrl: receiver.url })).toMatchObject({
    approvalUrl: receiver.url,
  })
  return () => receiver.close()
})

const answerTo = (method: string, path: string, body?: object, key = tenant.secret) => api.call(method, path, body, key)
const call = async (...request: Parameters<typeof answerTo>) => (await answerTo(...request)).json()
const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', accountName: 'Ada Obi' }
let count = 0
const make = async (more: object = {}) => {
  const made = {
    customerId: customer,
    amount: 100,
    destination,
    reference: `asked-${count++}`,
    reason: 'Rent',
    ...more,
  }
  return call('POST', '/v1/payouts', made)
}
const shown = (id: string) => call('GET', `/v1/payouts/${id}`)
const advance = () => advanceDuePayouts(api.service)

describe('the approval URL of a merchant', () => {
  test('is asked about a payout before it is sent, with a signature, and never again once it has agreed', async () => {
    const { id, reference, destination: place } = await make()
    await advance()
    expect(await shown(id)).toMatchObject({ state: 'paid', stateCode: null })
    const [asked] = receiver.received
    const wire = await call('GET', `/transfer/verify/${reference}`)
    expect(JSON.parse(asked?.body ?? '')).toEqual({
      event: 'transferrequest.approval-required',
      data: {
        details: {
          body: { source: customer, amount: 100, recipient: place.id, reference, reason: 'Rent', currency: 'ZAR' },
        },
        transfers: [{ reference, transfer_code: wire.data.transfer_code, amount: 100 }],
      },
    })
    const signed = { id: '', body: asked?.body ?? '', now: new Date() }
    expect(asked?.headers).toMatchObject(signAsPaystack(tenant.secret, signed))
    const again = await make({ destination: { ...destination, accountNumber: '0000000010' } })
    await advance()
    api.service.clock.advance(60_000)
    await advance()
    expect(await shown(again.id)).toMatchObject({ state: 'pending', stateCode: 'short_of_funds' })
    expect(receiver.received).toHaveLength(2)
  })

  test.each([
    [400, 'rejected'],
    [201, 'blocked'],
    [401, 'blocked'],
    [302, 'blocked'],
    [500, 'blocked'],
  ])('that answers %i has the transfer %s, and its money is free', async (status, word) => {
    receiver.status = status
    const { id, reference } = await make()
    await advance()
    expect(await shown(id)).toMatchObject({ state: 'failed', stateCode: word, processor: null })
    expect((await call('GET', `/transfer/verify/${reference}`)).data.status).toBe(word)
    expect((await call('GET', `/transfer?status=${word}`)).data).toHaveLength(1)
    const { balances } = await call('GET', `/v1/customers/${customer}/balances`)
    expect(balances).toMatchObject([{ posted: 5000, held: 0 }])
  })

  test('that nobody listens at blocks the transfer', async () => {
    await receiver.close()
    const { id } = await make()
    await advance()
    expect(await shown(id)).toMatchObject({
      state: 'failed',
      stateCode: 'blocked',
      stateReason: 'The approval URL has not answered: The connection was refused',
    })
  })

  test('is asked in the background: a transfer is answered at once, is received meanwhile, and can be cancelled', async () => {
    const seen: unknown[] = []
    const server = http.createServer(async (_request, response) => {
      const verified = await call('GET', '/transfer/verify/received-meanwhile-1')
      seen.push(verified.data.status, (await call('GET', '/transfer?status=received')).data.length)
      const { data } = await call('GET', '/v1/payouts')
      seen.push((await call('POST', `/v1/payouts/${data[0].id}/cancel`)).state)
      response.writeHead(200).end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    await call('PATCH', '/v1/payout-settings', { approvalUrl: `http://127.0.0.1:${port}/` })
    const { data: recipient } = await call('POST', '/transferrecipient', {
      ...{ type: 'basa', name: 'Ada Obi', account_number: '0123456789', bank_code: '058', currency: 'ZAR' },
    })
    const made = await call('POST', '/transfer', {
      ...{ source: customer, amount: 100, recipient: recipient.recipient_code, currency: 'ZAR' },
      reference: 'received-meanwhile-1',
    })
    expect(made).toMatchObject({ data: { status: 'pending' } })
    await advance()
    server.close()
    server.closeAllConnections()
    expect(seen).toEqual(['received', 1, 'cancelled'])
    expect((await call('GET', '/transfer/verify/received-meanwhile-1')).data.status).toBe('abandoned')
  })

  test('is not asked while sending is paused, of payouts that wait for a second person, and once it was taken away', async () => {
    const { id } = await make()
    const pause = { cause: 'unknown_here', reference: null, since: api.service.clock.now() } as const
    await pauseSending(api.service, tenant, pause)
    await advance()
    expect(receiver.received).toHaveLength(0)
    await inTransaction(api.service, (tx) => setPaused(tx, tenant, false, 'operator'))
    await call('PATCH', '/v1/approval-settings', { newDestinations: true })
    const waiting = await make({ destination: { ...destination, accountNumber: '0123456780' } })
    await advance()
    expect(await shown(waiting.id)).toMatchObject({ state: 'awaiting_approval' })
    api.service.clock.advance(60_000)
    await advance()
    expect(await shown(id)).toMatchObject({ state: 'paid' })
    expect(receiver.received).toHaveLength(1)
    const asked = await call('PATCH', '/v1/payout-settings', { approvalUrl: 'none' })
    expect(asked).toMatchObject({ approvalUrl: receiver.url, waitingApprovalId: expect.any(String) })
    await call('POST', `/v1/sandbox/approvals/${asked.waitingApprovalId}/approve`)
    const settings = await call('GET', '/v1/payout-settings')
    expect(settings).toMatchObject({ approvalUrl: 'none', waitingApprovalId: null })
    const last = await make()
    await advance()
    expect(await shown(last.id)).toMatchObject({ state: 'paid' })
    expect(receiver.received).toHaveLength(1)
  })

  test.each([
    ['ftp://duka.example/', 'approvalUrl must be an http or https URL'],
    ['https://ada:secret@duka.example/', 'approvalUrl must not carry a user name or password'],
    ['http://169.254.169.254/latest', 'approvalUrl must not be 169.254.169.254'],
  ])('cannot be %s', async (approvalUrl, message) => {
    const refused = await answerTo('PATCH', '/v1/payout-settings', { approvalUrl })
    expect(refused.statusCode).toBe(400)
    expect(refused.json().error).toMatchObject({ field: 'approvalUrl', message: expect.stringContaining(message) })
    expect(await call('GET', '/v1/payout-settings')).toMatchObject({ approvalUrl: receiver.url })
  })
})

test('an address that was silent is asked about one payout at a time, and about many again once it answers', async () => {
  const answers: ((answer: { status: number } | { error: string }) => void)[] = []
  const send = () =>
    new Promise<
      { status: number; headers: object; body: string; durationMs: number } | { error: string; durationMs: number }
    >((done) => {
      answers.push((answer) => done({ headers: {}, body: '', durationMs: 1, ...answer }))
    }) as never
  const { askApprovalUrl } = createApprovalUrlAsker({ send }, api.service.clock)
  const question = {
    code: 'TRF_1',
    reference: 'r',
    customerCode: null,
    amount: 1n,
    currency: 'ZAR',
    reason: null,
  } as const
  const ask = () =>
    askApprovalUrl(tenant, { ...question, recipient: { code: 'RCP_1' } }, { url: 'http://x/', secret: 's' })
  const [first, second] = [ask(), ask()]
  answers[0]?.({ error: 'No answer within 10 s' })
  expect(await first).toMatchObject({ is: 'blocked' })
  expect(await ask()).toBeNull()
  answers[1]?.({ status: 200 })
  expect(await second).toEqual({ is: 'approved' })
  const [third, fourth] = [ask(), ask()]
  answers[2]?.({ status: 400 })
  answers[3]?.({ status: 200 })
  expect([await third, await fourth]).toMatchObject([{ is: 'rejected' }, { is: 'approved' }])
})
