import { expect, test } from 'vitest'
import { addTestKey } from '../../../../test/service.ts'
import { useWalletApi } from '../../../../test/wallet-api.ts'
import { sql } from '../../../db/sql.ts'
import { inTransaction } from '../../../domain/context.ts'
import { listProcessors, setProcessor } from '../../../domain/payments/processor-accounts.ts'

const wallet = useWalletApi()

const choose = (body: object, direction = 'in') => wallet.send('PUT', `/v1/processors/${direction}`, body)
const shown = async () => (await wallet.get('/v1/processors')).json().data

test('without a choice the sandbox moves the money of test mode, and people that of live mode', async () => {
  const live = await addTestKey(wallet.api.service, wallet.tenant.merchant, 'live')
  const { data } = (await wallet.api.call('GET', '/v1/processors', undefined, live.secret)).json()
  const unchosen = { state: 'ready', lastError: null, keyHint: null, chosenAt: null }
  expect(await shown()).toMatchObject(
    ['in', 'out'].map((direction) => ({ direction, processor: 'sandbox', ...unchosen })),
  )
  expect(data).toMatchObject(['in', 'out'].map((direction) => ({ direction, processor: 'manual', ...unchosen })))
  const sandbox = await wallet.api.call('PUT', '/v1/processors/in', { processor: 'sandbox' }, live.secret)
  expect([sandbox.statusCode, sandbox.json().error.message]).toEqual([
    400,
    'The sandbox never works in live mode; choose manual or paystack',
  ])
})

test('a merchant that has chosen manual gets no new payment, and what the sandbox has is still settled', async () => {
  const asked = { customerId: wallet.ada, amount: 300, currency: 'ZAR' }
  const intent = (await wallet.send('POST', '/api/canary/payment-intents', asked)).json()
  const chosen = await choose({ processor: 'manual' })
  expect([chosen.statusCode, chosen.json()]).toMatchObject([200, { direction: 'in', processor: 'manual' }])
  expect(await shown()).toMatchObject([{ processor: 'manual', chosenAt: expect.any(String) }, { processor: 'sandbox' }])
  const refused = await wallet.send('POST', '/api/canary/payment-intents', asked)
  expect([refused.statusCode, refused.body]).toEqual([400, expect.stringContaining('not available')])
  expect((await wallet.get(`/api/canary/payment-intents/${intent.id}`)).statusCode).toBe(200)
  await wallet.send('POST', `/v1/sandbox/payments/${intent.id}/notice`, { outcome: 'succeeded' })
  await choose({ processor: 'sandbox' })
  expect((await wallet.send('POST', '/api/canary/payment-intents', asked)).statusCode).toBe(201)
})

test('of two who choose after they have read the same choice, one is told that the other has chosen', async () => {
  const put = async (processor: string, seenAt: string) => {
    const headers = { authorization: `Bearer ${wallet.tenant.secret}`, 'if-match': `"${seenAt}"` }
    const answer = await wallet.api.app.inject({
      method: 'PUT',
      url: '/v1/processors/out',
      headers,
      payload: { processor },
    })
    return { status: answer.statusCode, body: answer.json() }
  }
  const { chosenAt } = (await choose({ processor: 'manual' }, 'out')).json()
  wallet.api.service.clock.advance(1000)
  const both = await Promise.all([put('sandbox', chosenAt), put('sandbox', chosenAt)])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
  expect(both.find(({ status }) => status === 412)?.body.error.code).toBe('changed_meanwhile')
  expect((await put('manual', 'yesterday')).body.error).toMatchObject({ code: 'invalid_request', field: 'If-Match' })
})

test('a key of the other mode, and a key that nothing needs, are refused without being repeated', async () => {
  for (const [body, message] of [
    [{ processor: 'paystack' }, 'secretKey is required'],
    [{ processor: 'paystack', secretKey: 'sk_live_secretword' }, 'a key of live mode, and this is test mode'],
    [{ processor: 'paystack', secretKey: 'pk_test_secretword' }, 'must be a secret key of Paystack'],
    [{ processor: 'manual', secretKey: 'sk_test_secretword' }, 'secretKey is for paystack only'],
    [{ processor: 'sandbox', cutOverAt: '2026-01-01' }, 'cutOverAt is for paystack only'],
  ] as const) {
    const answer = await choose(body)
    expect([answer.statusCode, answer.json().error.message]).toEqual([400, expect.stringContaining(message)])
    expect(answer.body).not.toContain('secretword')
  }
  expect(await shown()).toMatchObject([{ processor: 'sandbox', chosenAt: null }, { chosenAt: null }])
})

test('a Paystack account may pay out, with a key of its mode that is shown to nobody', async () => {
  const answer = await choose({ processor: 'paystack', secretKey: 'sk_test_secretword' }, 'out')
  expect([answer.statusCode, answer.body.includes('secretword')]).toEqual([200, false])
  expect(await shown()).toMatchObject([
    { processor: 'sandbox' },
    { direction: 'out', processor: 'paystack', keyHint: 'word' },
  ])
})

test('credentials are sealed, replaced ones stay, and the same choice again changes nothing', async () => {
  const { service } = wallet.api
  const set = (secretKey: string, cutOverAt?: Date) =>
    inTransaction(service, (tx) =>
      setProcessor(tx, wallet.tenant, { direction: 'in', processor: 'paystack', secretKey, cutOverAt }),
    )
  const first = await set('sk_test_first1234')
  expect(first).toMatchObject({ hint: '1234', cutOverAt: service.clock.now() })
  service.clock.advance(1000)
  expect(await set('sk_test_first1234')).toEqual(first)
  const later = service.clock.now()
  expect(await set('sk_test_first1234', later)).toEqual({ ...first, cutOverAt: later })
  await set('sk_test_second5678')
  await Promise.all(['in', 'out'].map((direction) => choose({ processor: 'manual' }, direction)))
  const rows = await service.db.query<{ id: bigint; credentials: Buffer | null; is_current: boolean }>(sql`
    select id, credentials, replaced_at is null as is_current from processor_accounts
    where merchant_id = ${wallet.tenant.merchant.id} order by id
  `)
  expect(rows.map(({ id, is_current }) => [id, is_current])).toEqual([
    [2n, false],
    [3n, false],
    [4n, true],
    [5n, true],
  ])
  const opened = rows.flatMap(({ credentials }) =>
    credentials ? [service.vault.open(credentials, 'processor account')] : [],
  )
  expect(opened).toEqual(['sk_test_first1234', 'sk_test_second5678'])
  expect(rows.some(({ credentials }) => credentials?.includes('sk_test'))).toBe(false)
  expect(JSON.stringify(await listProcessors(service, wallet.tenant))).not.toContain('sk_test')
  const { data } = (await wallet.get('/v1/audit?action=setProcessor')).json()
  expect(data).toHaveLength(2)
  expect(data[0]).toMatchObject({ before: { processor: expect.any(String) }, after: { processor: 'manual' } })
})
