import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { deliverDue } from '../../../../test/deliver.ts'
import { hire } from '../../../../test/people.ts'
import { openReceiver } from '../../../../test/receiver.ts'
import { createTestTenant } from '../../../../test/service.ts'
import { advanceDuePayouts } from '../../../domain/payouts/advancing.ts'
import { payoutStates } from '../../../domain/payouts/payout-states.ts'
import { eventRenderers } from '../../../start/webhook-bodies.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

test('payouts are chosen by whether their money is reserved, and by whether a person has to look', async () => {
  const send = async (method: string, path: string, body?: object) => (await api.call(method, path, body)).json()
  const { id: customerId } = await send('POST', '/api/canary/customers', { phoneNumber: '0821234561' })
  await send('POST', '/v1/sandbox/pay-ins', { customerId, amount: 5000 })
  const pay = async (accountNumber: string) => {
    api.service.clock.advance(1)
    const destination = { type: 'bank_account', bankCode: '058', accountNumber, accountName: 'Ada Obi' }
    const made = { customerId, amount: 100, destination, reference: `out-${accountNumber}` }
    return (await send('POST', '/v1/payouts', made)).id
  }
  const numbers = ['0123456789', '0000000008', '0000000010']
  const [paid, sent, short] = [await pay(numbers[0] ?? ''), await pay(numbers[1] ?? ''), await pay(numbers[2] ?? '')]
  await advanceDuePayouts(api.service)
  const idsOf = async (query: string) =>
    (await send('GET', `/v1/payouts?customerId=${customerId}${query}`)).data.map(({ id }: { id: string }) => id)
  await expect.poll(() => idsOf('&open=true')).toEqual([short, sent])
  await expect.poll(() => idsOf('&needsAttention=true')).toEqual([short])
  expect(await idsOf('&state=sent&needsAttention=true')).toEqual([])
  expect(await idsOf('')).toEqual([short, sent, paid])
  expect((await api.call('GET', '/v1/payouts?open=perhaps')).statusCode).toBe(400)
})

test('a payout, its recipient and its approval show the name at the bank, and how it compares with the given one', async () => {
  const send = async (method: string, path: string, body?: object) => (await api.call(method, path, body)).json()
  const { id: customerId } = await send('POST', '/api/canary/customers', { phoneNumber: '0821234562' })
  await send('POST', '/v1/sandbox/pay-ins', { customerId, amount: 5000 })
  await send('PATCH', '/v1/payout-settings', { nameDifferences: 'approval' })
  const account = { type: 'bank_account', bankCode: '001', accountNumber: '0123456789' }
  const pay = (accountName: string | undefined, more: object = {}) => {
    const destination = { ...account, accountName, ...more }
    return send('POST', '/v1/payouts', {
      customerId,
      amount: 100,
      destination,
      reference: `named-${JSON.stringify(more)}`,
    })
  }
  const matching = await pay('Test Account 0123456789')
  const other = await pay('Ada Obi', { accountNumber: '0123456788' })
  const nameless = await pay(undefined, { accountNumber: '0123456787' })
  expect(matching).toMatchObject({ state: 'pending', destination: { nameCheck: null } })
  await advanceDuePayouts(api.service)
  const shown = (id: string) => send('GET', `/v1/payouts/${id}`)
  await expect
    .poll(() => shown(matching.id))
    .toMatchObject({
      state: 'paid',
      destination: { nameCheck: { result: 'match', nameAtBank: 'TEST ACCOUNT 0123456789' } },
    })
  const nameCheck = { result: 'no_match', nameAtBank: 'TEST ACCOUNT 0123456788', checkedAt: expect.any(String) }
  const waiting = await shown(other.id)
  expect(waiting).toMatchObject({ state: 'awaiting_approval', destination: { nameCheck } })
  expect(await send('GET', `/v1/recipients/${waiting.destination.id}`)).toMatchObject({ nameCheck })
  const approval = { needs: ['name_difference'], destination: { accountName: 'Ada Obi', nameCheck } }
  expect(await send('GET', `/v1/approvals/${waiting.approvalId}`)).toMatchObject(approval)
  expect((await send('GET', '/v1/approvals?kind=payout&status=waiting')).data).toContainEqual(
    expect.objectContaining({ needs: ['name_difference'], subjectId: other.id }),
  )
  expect((await shown(nameless.id)).destination.nameCheck).toMatchObject({ result: 'no_name' })
  await send('POST', `/v1/sandbox/approvals/${waiting.approvalId}/approve`)
  await advanceDuePayouts(api.service)
  await expect.poll(() => shown(other.id)).toMatchObject({ state: 'paid', destination: { nameCheck } })
  const { waitingApprovalId } = await send('PATCH', '/v1/payout-settings', { nameDifferences: 'shown' })
  const { payoutSettings, settings } = await send('POST', `/v1/sandbox/approvals/${waitingApprovalId}/approve`)
  expect({ payoutSettings, settings }).toMatchObject({
    payoutSettings: {
      before: { nameDifferences: 'approval', defaultRecipient: 'none', approvalUrl: 'none' },
      after: { nameDifferences: 'shown' },
    },
    settings: null,
  })
})

test('every state has a word on each wire, and an event that both styles of webhooks tell as their wires have names for it', async () => {
  const send = async (method: string, path: string, body?: object) => (await api.call(method, path, body)).json()
  const { id: customerId } = await send('POST', '/api/canary/customers', { phoneNumber: '0821234563' })
  await send('POST', '/v1/sandbox/pay-ins', { customerId, amount: 5000 })
  const [standard, paystack] = [await openReceiver(), await openReceiver()]
  await send('POST', '/v1/webhook-endpoints', { url: standard.url })
  await send('POST', '/v1/webhook-endpoints', { url: paystack.url, style: 'paystack' })
  await send('POST', '/api/canary/purchases', { customerId, productId: 'p1', amount: 4000, currency: 'ZAR' })
  const pay = async (accountNumber: string, more: object = {}) => {
    const destination = { type: 'bank_account', bankCode: '058', accountNumber, accountName: 'Ada Obi' }
    const made = {
      amount: 10,
      currency: 'ZAR',
      destination,
      reference: `state-${accountNumber}-${JSON.stringify(more).length}`,
    }
    return (await send('POST', '/v1/payouts', { ...made, ...more })).id as string
  }
  const { clock } = api.service
  const ids = {
    paid: await pay('0123456789'),
    failed: await pay('0000000002'),
    returned: await pay('0000000003'),
    sent: await pay('0000000008'),
    sending: await pay('0000000006'),
    pending: await pay('0000000010'),
  }
  const cancelled = await pay('0123456781')
  await send('POST', `/v1/payouts/${cancelled}/cancel`)
  await advanceDuePayouts(api.service)
  clock.advance(1_000)
  await advanceDuePayouts(api.service)
  await send('PATCH', '/v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 10 }] })
  const [awaiting_approval, denied] = [await pay('0123456782', { amount: 11 }), await pay('0123456783', { amount: 11 })]
  await send('POST', `/v1/payouts/${denied}/deny`)
  await advanceDuePayouts(api.service)
  const words = {
    awaiting_approval: ['pending', 'received', 'payout.awaiting_approval', null],
    // The account is short of funds.
    pending: ['pending', 'pending', 'payout.needs_attention', null],
    sending: ['pending', 'pending', 'payout.sending', null],
    sent: ['pending', 'pending', 'payout.sent', null],
    paid: ['completed', 'success', 'payout.completed', 'transfer.success'],
    failed: ['failed', 'failed', 'payout.failed', 'transfer.failed'],
    returned: ['failed', 'reversed', 'payout.returned', 'transfer.reversed'],
    cancelled: ['failed', 'abandoned', 'payout.cancelled', null],
    denied: ['failed', 'rejected', 'payout.denied', null],
  }
  while ((await deliverDue(api.service, eventRenderers)) > 0) {}
  const bodies = (received: { body: string }[]) => received.map(({ body }) => JSON.parse(body))
  const found = Object.fromEntries(
    await Promise.all(
      Object.entries({ ...ids, cancelled, awaiting_approval, denied }).map(async ([state, id]) => {
        const { state: now, reference } = await send('GET', `/v1/payouts/${id}`)
        expect({ state, now }).toEqual({ state, now: state })
        const { data: list } = await send('GET', '/api/canary/payouts?limit=100')
        const cashful = list.find((each: { id: string }) => each.id === `payout_${id}`)
        const wire = await send('GET', `/transfer/verify/${reference}`)
        const told = bodies(standard.received).filter(({ data }) => data.payoutId === `payout_${id}`)
        const named = bodies(paystack.received).filter(({ data }) => data.reference === reference)
        return [state, [cashful?.status, wire.data.status, told.at(-1)?.type, named.at(-1)?.event ?? null]]
      }),
    ),
  )
  expect(found).toEqual(words)
  expect(Object.keys(found).toSorted()).toEqual([...payoutStates].toSorted())
  await Promise.all([standard.close(), paystack.close()])
})

test('a decision about a payout, and about its settlement by hand, is answered with the state that it has led to', async () => {
  const tenant = await createTestTenant(api.service)
  const ben = await hire(api.service, tenant, 'Ben')
  const call = (method: string, path: string, body?: object, key = tenant.secret) => api.call(method, path, body, key)
  const send = async (path: string, body: object, key?: string) => {
    const answer = await call('POST', path, body, key)
    expect(answer.statusCode, answer.body).toBeLessThan(300)
    return answer.json()
  }
  const { id: customerId } = await send('/api/canary/customers', { phoneNumber: '0821234563' })
  await send('/v1/sandbox/pay-ins', { customerId, amount: 5000 })
  await call('PATCH', '/v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 100 }] })
  const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456785' }
  const pay = (amount: number, reference: string) => send('/v1/payouts', { customerId, amount, destination, reference })
  const denied = await pay(2000, 'to-deny')
  const no = { state: 'denied', stateCode: 'denied', endedAt: expect.any(String) }
  expect(await send(`/v1/payouts/${denied.id}/deny`, { reason: 'No' }, ben.secret)).toMatchObject(no)
  const other = await pay(2000, 'to-deny-2')
  await send(`/v1/approvals/${other.approvalId}/deny`, {}, ben.secret)
  expect((await call('GET', `/v1/payouts/${other.id}`)).json()).toMatchObject(no)
  const approved = await pay(2000, 'to-approve')
  expect(await send(`/v1/payouts/${approved.id}/approve`, {}, ben.secret)).toMatchObject({ state: 'pending' })
  const chosen = await call('PUT', '/v1/processors/out', { processor: 'manual' })
  expect([chosen.statusCode, chosen.json()]).toMatchObject([200, { processor: 'manual' }])
  const byHand = await pay(50, 'by-hand')
  expect(byHand).toMatchObject({ state: 'pending', processor: null })
  const asked = await send(`/v1/payouts/${byHand.id}/settle`, { outcome: 'paid', proof: 'FT1', fee: 5 })
  expect(asked).toMatchObject({ state: 'pending', settlementApprovalId: expect.any(String) })
  const paid = await send(`/v1/payouts/${byHand.id}/approve`, {}, ben.secret)
  expect(paid).toMatchObject({ state: 'paid', fee: 5, movementId: expect.any(String) })
  const trail = (await call('GET', '/v1/audit?limit=100')).json().data as Record<string, unknown>[]
  expect(trail).toContainEqual(
    expect.objectContaining({ action: 'denyPayout', after: expect.objectContaining({ status: 'denied' }) }),
  )
})
