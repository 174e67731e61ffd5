import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { advanceDuePayouts } from '../../../domain/payouts/advancing.ts'

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
  await send('PATCH', '/v1/payout-settings', { nameDifferences: 'shown' })
})
