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
