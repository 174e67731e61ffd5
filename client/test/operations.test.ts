import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, inject, test, vi } from 'vitest'
import {
  AuthenticationError,
  CashfulClient,
  ConflictError,
  InsufficientFundsError,
  MtejaClient,
  NotFoundError,
  PaymentRefusedError,
  PaystackClient,
  ValidationError,
} from '../src/index.ts'
import { createMerchant } from './server.ts'

/** Every operation of a started Mteja, called through the client. */
const { baseUrl, adminKey } = inject('server')
const called = new Set<string>()

let cashful: CashfulClient<{ plan?: string }>
let paystack: PaystackClient<{ plan?: string }>
let mteja: MtejaClient
let operator: MtejaClient

/** The global `fetch`, which also records each call. */
async function fetchNoting(url: string, init: RequestInit): Promise<Response> {
  called.add(`${init.method} ${new URL(url).pathname}`)
  return fetch(url, init)
}

beforeAll(async () => {
  const key = await createMerchant({ baseUrl, adminKey })
  const options = { baseUrl, fetch: fetchNoting }
  cashful = new CashfulClient({ ...options, token: key })
  paystack = new PaystackClient({ ...options, secretKey: key })
  mteja = new MtejaClient({ ...options, token: key })
  operator = new MtejaClient({ ...options, token: adminKey })
})

let nextPhone = 100
const newPhone = () => `+27821234${nextPhone++}`

async function customerWith(amount: number) {
  const customer = await cashful.customers.create({ phoneNumber: newPhone() })
  if (amount > 0) await mteja.sandbox.payIn({ customerId: customer.id, amount })
  return customer
}

describe('operations of the Cashful client', () => {
  test('a Cashful customer is created, retrieved, updated and found', async () => {
    const made = await cashful.customers.create({
      phoneNumber: newPhone(),
      email: 'ada@example.com',
      name: 'Ada Obi',
      metadata: { plan: 'gold' },
    })
    expect(made).toMatchObject({ email: 'ada@example.com', name: 'Ada Obi', metadata: { plan: 'gold' } })
    expect(await cashful.customers.retrieve(made.id)).toEqual(made)
    const changed = await cashful.customers.update(made.id, { name: 'Ada Lovelace', metadata: { plan: null } })
    expect(changed).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.com', metadata: {} })
    const page = await cashful.customers.list({ email: 'ADA@example.com' }).page()
    expect(page.data.map(({ id }) => id)).toEqual([made.id])
    expect(page.pagination).toEqual({ limit: 50, offset: 0, total: 1, hasMore: false })
  })

  test('Cashful’s errors for a taken e-mail, a wrong phone, an unknown id and a wrong key have different classes', async () => {
    await cashful.customers.create({ phoneNumber: newPhone(), email: 'taken@example.com' })
    const again = cashful.customers.create({ phoneNumber: newPhone(), email: 'taken@example.com' })
    await expect(again).rejects.toBeInstanceOf(ConflictError)
    const wrong = cashful.customers.create({ phoneNumber: 'x', email: 'not an address' })
    await expect(wrong).rejects.toMatchObject({ name: 'ValidationError', fields: [{ field: 'email' }] })
    await expect(cashful.customers.retrieve('CUS_unknown/of course')).rejects.toBeInstanceOf(NotFoundError)
    const stranger = new CashfulClient({ baseUrl, token: 'sk_test_wrongwrongwrong' })
    await expect(stranger.customers.list().page()).rejects.toBeInstanceOf(AuthenticationError)
  })

  test('money is paid in, spent and sent through Cashful, and shows in the balance and the transactions', async () => {
    const [ada, ben] = [await customerWith(5000), await customerWith(0)]
    const purchase = await cashful.purchases.create({
      customerId: ada.id,
      productId: 'airtime',
      amount: 50n,
      currency: 'ZAR',
    })
    expect(purchase).toMatchObject({ amount: 50, customerBalanceBefore: 5000, customerBalanceAfter: 4950 })
    const sent = await cashful.transfers.create({
      fromCustomerId: ada.id,
      toCustomerId: ben.id,
      amount: 250,
      currency: 'ZAR',
      description: 'Lunch',
    })
    expect((await cashful.transfers.list({ limit: 1 }).page()).data).toEqual([sent])
    expect(await cashful.customers.balance(ada.id)).toMatchObject({ amount: 4700, available: 4700, pending: 0 })
    const amounts = (await Array.fromAsync(cashful.customers.transactions(ada.id, { limit: 1 }))).map(
      (each) => each.amount,
    )
    expect(amounts).toEqual([-250, -50, 5000])
    const spent = cashful.purchases.create({ customerId: ben.id, productId: 'x', amount: 251, currency: 'ZAR' })
    await expect(spent).rejects.toBeInstanceOf(InsufficientFundsError)
  })

  test('the merchant pays out through Cashful, to a recipient that is named or usual', async () => {
    const ada = await customerWith(500)
    await cashful.purchases.create({ customerId: ada.id, productId: 'airtime', amount: 400, currency: 'ZAR' })
    const account = { type: 'bank_account', bankCode: '198765', accountNumber: '0123456789' } as const
    const { id: bankAccount } = await mteja.recipients.create({ ...account, accountName: 'Zero Sum', currency: 'ZAR' })
    const made = await cashful.payouts.create({ amount: 100n, currency: 'ZAR', bankAccount })
    expect(made).toMatchObject({ amount: 100, status: 'pending', bankAccount: '****6789' })
    const dear = cashful.payouts.create({ amount: 10_000_000, currency: 'ZAR', bankAccount })
    await expect(dear).rejects.toBeInstanceOf(InsufficientFundsError)
    expect((await cashful.payouts.list({ limit: 1 }).page()).data).toMatchObject([{ id: made.id }])
  })

  test('several Cashful customers are changed and deleted together, and a customer with money is not deleted', async () => {
    const [ada, ben] = [await customerWith(0), await customerWith(0)]
    const ids = [ada.id, ben.id]
    expect(await cashful.customers.updateBulk(ids, { metadata: { plan: 'gold' } })).toEqual({ ids, count: 2 })
    const query = { filter: JSON.stringify({ ids }), sort: 'createdAt', order: 'ASC' }
    const found = await Array.fromAsync(cashful.customers.list(query))
    expect(found.map(({ id, metadata }) => [id, metadata])).toEqual(ids.map((id) => [id, { plan: 'gold' }]))
    await mteja.sandbox.payIn({ customerId: ben.id, amount: 7, currency: 'NGN' })
    expect(await cashful.customers.balance(ben.id, { currency: 'NGN' })).toMatchObject({ amount: 7, currency: 'NGN' })
    await expect(cashful.customers.deleteBulk(ids)).rejects.toBeInstanceOf(ConflictError)
    expect(await cashful.customers.deleteBulk([ada.id])).toEqual({ ids: [ada.id], count: 1 })
    await expect(cashful.customers.retrieve(ada.id)).rejects.toBeInstanceOf(NotFoundError)
  })

  test('an event of the merchant’s own is recorded at Cashful, and the types of events are listed', async () => {
    const { merchantId } = await cashful.balance.retrieve()
    const event = { merchantId, type: 'custom.order_shipped', data: { order: 5 } }
    expect(await cashful.events.create(event)).toBeUndefined()
    await expect(cashful.events.create({ ...event, type: 'purchase.succeeded' })).rejects.toBeInstanceOf(
      ValidationError,
    )
    expect((await cashful.events.types()).map(({ name }) => name)).toContain('checkout.loaded')
  })

  test('a denied Cashful customer’s payment is refused, and not for lack of money', async () => {
    const ada = await customerWith(100)
    await paystack.customers.setRiskAction({ customer: ada.id, risk_action: 'deny' })
    const call = cashful.purchases.create({ customerId: ada.id, productId: 'x', amount: 1, currency: 'ZAR' })
    await expect(call).rejects.toMatchObject({ name: 'PaymentRefusedError' })
    await expect(call).rejects.toBeInstanceOf(PaymentRefusedError)
  })

  test('a Cashful write is done once for its key, and refused with the same key and other values', async () => {
    const ada = await customerWith(1000)
    const body = { customerId: ada.id, productId: 'x', amount: 100, currency: 'ZAR' }
    const replayed: unknown[] = []
    const options = {
      idempotencyKey: `order-${ada.id}`,
      logger: (event: { isReplayed?: boolean }) => replayed.push(event.isReplayed),
    }
    const first = await cashful.purchases.create(body, options)
    expect(await cashful.purchases.create(body, options)).toEqual(first)
    expect(replayed).toContain(true)
    expect(await cashful.customers.balance(ada.id)).toMatchObject({ amount: 900 })
    await expect(cashful.purchases.create({ ...body, amount: 101 }, options)).rejects.toBeInstanceOf(ConflictError)
  })

  test('a Cashful payment intent is created once per key, confirmed with and without a card, listed and canceled', async () => {
    const ada = await customerWith(0)
    const body = { customerId: ada.id, amount: 700, currency: 'ZAR', idempotencyKey: `pay-${ada.id}` }
    const intent = await cashful.paymentIntents.create(body)
    expect((await cashful.paymentIntents.create(body)).id).toBe(intent.id)
    const paid = await cashful.paymentIntents.confirm(intent.id)
    expect(paid).toMatchObject({ id: intent.id, status: 'succeeded' })
    expect(await cashful.paymentIntents.retrieve(intent.id)).toEqual(paid)
    expect(await cashful.customers.balance(ada.id)).toMatchObject({ amount: 700 })

    const second = await cashful.paymentIntents.create({ customerId: ada.id, amount: 1, currency: 'ZAR' })
    const card = { evervaultEncryptedCard: { pAN: '4242424242424242' }, tokenizeCard: true }
    const confirmation = await cashful.paymentIntents.confirm(second.id, card)
    expect(confirmation).toMatchObject({ status: 'succeeded', paymentIntent: { id: second.id } })

    const notice = await mteja.sandbox.paymentNotice(second.id, { outcome: 'declined' })
    expect(notice).toMatchObject({ status: 'succeeded' })
    const third = await cashful.paymentIntents.create({ amount: 1, currency: 'ZAR' })
    expect(await cashful.paymentIntents.cancel(third.id)).toMatchObject({ status: 'canceled' })
    const statuses = await Array.fromAsync(cashful.paymentIntents.list({ limit: 2 }), ({ status }) => status)
    expect(statuses).toEqual(['canceled', 'succeeded', 'succeeded'])
  })

  test('a Cashful checkout session is created, retrieved and listed', async () => {
    const ada = await customerWith(0)
    const made = await cashful.checkoutSessions.create({
      customerId: ada.id,
      mode: 'payin',
      currency: 'ZAR',
      lineItems: [{ name: 'Top-up', amount: 500n, currency: 'ZAR', quantity: 2 }],
    })
    expect(made).toMatchObject({ totalAmount: 1000, status: 'open', customerId: ada.id })
    expect(await cashful.checkoutSessions.retrieve(made.id)).toEqual(made)
    expect((await cashful.checkoutSessions.list({ limit: 1 }).page()).data).toEqual([made])
  })

  test('Cashful payment methods are listed for one customer and for all, retrieved and deleted', async () => {
    const ada = await customerWith(0)
    const card = await mteja.sandbox.createPaymentMethod({ customerId: ada.id, type: 'card' })
    const [own] = await Array.fromAsync(cashful.customers.paymentMethods(ada.id))
    expect(own).toMatchObject({ id: card.id, last4: '4081' })
    const [listed] = (await cashful.paymentMethods.list({ customerId: ada.id }).page()).data
    expect(listed).toEqual(await cashful.paymentMethods.retrieve(card.id))
    expect(await cashful.paymentMethods.delete(card.id)).toMatchObject({ id: card.id, deleted: true })
    await expect(cashful.paymentMethods.retrieve(card.id)).rejects.toBeInstanceOf(NotFoundError)
  })

  test('the merchant’s balance at Cashful has a history and analytics', async () => {
    const ada = await customerWith(500)
    await cashful.purchases.create({ customerId: ada.id, productId: 'x', amount: 40, currency: 'ZAR' })
    const balance = await cashful.balance.retrieve()
    expect(balance.available).toBeGreaterThanOrEqual(40)
    const [last] = (await cashful.balance.history({ limit: 1 }).page()).data
    expect(last).toMatchObject({ amount: 40, balanceAfter: balance.amount })
    expect((await cashful.analytics.retrieve()).newCustomers.daily).toBeGreaterThan(0)
    expect((await cashful.analytics.summary()).balance).toBe(balance.amount)
  })

  test('a Cashful JWT grants the access of the key it was made with', async () => {
    const { token } = await cashful.authentication.getToken()
    const bearer = new CashfulClient({ baseUrl, token: () => token })
    expect((await bearer.customers.list({ limit: 1 }).page()).data).toHaveLength(1)
    const { keys } = await cashful.authentication.getJwks()
    expect(keys[0]).toMatchObject({ kty: 'OKP', alg: 'EdDSA' })
  })

  test('Cashful’s health says that the database answers', async () => {
    expect(await cashful.health()).toMatchObject({ status: 'ok' })
  })
})

describe('operations of the Paystack client', () => {
  test('a Paystack customer is created once per e-mail, fetched by each of their names, and updated', async () => {
    const made = await paystack.customers.create({
      email: 'zero@example.com',
      first_name: 'Zero',
      metadata: { plan: 'x' },
    })
    expect((await paystack.customers.create({ email: 'ZERO@example.com', first_name: 'Else' })).id).toBe(made.id)
    for (const name of [made.id, made.customer_code, 'zero@example.com']) {
      expect(await paystack.customers.fetch(name)).toMatchObject({
        customer_code: made.customer_code,
        first_name: 'Zero',
      })
    }
    const changed = await paystack.customers.update(made.customer_code, { last_name: 'Sum', metadata: {} })
    expect(changed).toMatchObject({ first_name: 'Zero', last_name: 'Sum', metadata: {} })
    await expect(paystack.customers.fetch('nobody@example.com')).rejects.toMatchObject({
      name: 'NotFoundError',
      code: 'invalid_params',
    })
  })

  test('a Paystack list gives every customer once, by pages and by cursors', async () => {
    const key = await createMerchant({ baseUrl, adminKey })
    const client = new PaystackClient({ baseUrl, fetch: fetchNoting, secretKey: key })
    const emails = ['a@b.co', 'b@b.co', 'c@b.co', 'd@b.co', 'e@b.co']
    for (const email of emails) await client.customers.create({ email })
    const newestFirst = emails.toReversed()
    const byPage = await Array.fromAsync(client.customers.list({ perPage: 2 }), ({ email }) => email)
    expect(byPage).toEqual(newestFirst)
    const { meta } = await client.customers.list({ perPage: 2, from: new Date(0), to: '2099-01-01' }).page()
    expect(meta).toEqual({ total: 5, skipped: 0, perPage: 2, page: 1, pageCount: 3 })
    // A customer created meanwhile shifts no cursor.
    const seen: unknown[] = []
    for await (const { email } of client.customers.list({ perPage: 2, use_cursor: true })) {
      if (seen.length === 0) await client.customers.create({ email: 'new@b.co' })
      seen.push(email)
    }
    expect(seen).toEqual(newestFirst)
    const { next } = (await client.customers.list({ perPage: 2, use_cursor: true }).page()).meta
    expect(next).toEqual(expect.any(String))
  })

  test('a Paystack identification is accepted, and refused with the member at fault', async () => {
    const { customer_code } = await paystack.customers.create({ email: 'id@example.com' })
    const credential = {
      country: 'NG',
      type: 'bank_account' as const,
      account_number: '0111111111',
      bvn: '222222222221',
      bank_code: '007',
      first_name: 'Uchenna',
      last_name: 'Okoro',
    }
    expect(await paystack.customers.validate(customer_code, credential)).toEqual({
      message: 'Customer Identification in progress',
    })
    const wrong = paystack.customers.validate(customer_code, { ...credential, bvn: '' })
    await expect(wrong).rejects.toBeInstanceOf(ValidationError)
    await expect(wrong).rejects.toMatchObject({ fields: [{ field: 'bvn' }] })
  })

  test('a Paystack authorization is deactivated', async () => {
    const customer = await paystack.customers.create({ email: 'card@example.com' })
    const card = await mteja.sandbox.createPaymentMethod({ customerId: customer.customer_code, type: 'card' })
    const { authorizations } = await paystack.customers.fetch(customer.customer_code)
    expect(authorizations).toMatchObject([{ authorization_code: card.authorizationCode, channel: 'card' }])
    expect(await paystack.customers.deactivateAuthorization(card.authorizationCode)).toEqual({
      message: 'Authorization has been deactivated',
    })
    expect((await paystack.customers.fetch(customer.customer_code)).authorizations).toEqual([])
  })

  test('a Paystack direct debit goes from initialize to a mandate', async () => {
    const email = 'debit@example.com'
    const { reference } = await paystack.customers.initializeAuthorization({ email, channel: 'direct_debit' })
    await expect(paystack.customers.verifyAuthorization(reference)).rejects.toBeInstanceOf(NotFoundError)
    expect(await mteja.sandbox.approveMandate(reference)).toMatchObject({ reference })
    const verified = await paystack.customers.verifyAuthorization(reference)
    expect(verified).toMatchObject({ channel: 'direct_debit', customer: { email } })

    const other = { email: 'declined@example.com', channel: 'direct_debit' } as const
    const asked = await paystack.customers.initializeAuthorization(other)
    expect(await mteja.sandbox.declineMandate(asked.reference)).toMatchObject({ status: 'declined' })

    const { id } = await paystack.customers.fetch(email)
    const { data, meta } = await paystack.customers.mandateAuthorizations(id)
    expect(data).toMatchObject([{ authorization_code: verified.authorization_code, customer: { id } }])
    expect(meta.count).toBe(1)
    const charged = paystack.customers.directDebitActivationCharge(id, {
      authorization_id: data[0]?.authorization_id ?? 0,
    })
    expect(await charged).toEqual({ message: 'Mandate is queued for retry' })
    const request = await paystack.customers.initializeDirectDebit(id, {
      account: { number: '0123456789', bank_code: '058' },
      address: { street: '1 Long Street', city: 'Lagos', state: 'Lagos' },
    })
    expect(request.redirect_url).toContain(request.access_code)
  })

  test('a Paystack transaction is initialized, verified, fetched and listed', async () => {
    const { authorization_url, reference } = await paystack.transactions.initialize({
      email: 'payer@example.com',
      amount: 700n,
      reference: 'order-17',
      metadata: { purpose: 'wallet_topup' },
    })
    expect(authorization_url).toMatch(/\/pay\/[a-z0-9]{15}$/)
    const verified = await paystack.transactions.verify(reference)
    expect(verified).toMatchObject({ status: 'abandoned', amount: 700, metadata: { purpose: 'wallet_topup' } })
    expect(await paystack.transactions.fetch(verified.id)).toEqual(verified)
    const again = paystack.transactions.initialize({ email: 'payer@example.com', amount: 1, reference })
    await expect(again).rejects.toMatchObject({ code: 'duplicate_reference' })
    await expect(paystack.transactions.verify('order-18')).rejects.toMatchObject({ status: 400 })
    const page = await paystack.transactions.list({ status: 'abandoned', customer: verified.customer.id }).page()
    expect(page).toMatchObject({ data: [{ reference }], meta: { total: 1, total_volume: 0 } })
  })

  test('a card is charged at Paystack, and the authorization it left is charged again', async () => {
    const payer = { email: 'payer@example.com', amount: 500 }
    const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
    const first = await paystack.charges.create({ ...payer, card })
    expect(first).toMatchObject({ status: 'success', authorization: { reusable: true } })
    const authorization_code = ('authorization' in first && first.authorization.authorization_code) || ''
    const second = await paystack.transactions.chargeAuthorization({ ...payer, authorization_code })
    expect(second).toMatchObject({ status: 'success', authorization: { authorization_code } })
    const declined = await paystack.charges.create({ ...payer, card: { ...card, number: '4084080000005408' } })
    expect(await paystack.charges.check(declined.reference)).toMatchObject({ status: 'failed' })
    const totals = await paystack.transactions.totals({ from: new Date(Date.now() - 3_600_000) })
    expect(totals).toMatchObject({ total_transactions: 2, total_volume: 1000 })
    const references = [declined, second, first].map(({ reference }) => reference)
    const rows = await Array.fromAsync(paystack.transactions.list({ use_cursor: true, perPage: 2, amount: '500' }))
    expect(rows.map(({ reference }) => reference)).toEqual(references)
    const { history } = await paystack.transactions.timeline(declined.reference)
    expect(history.map(({ type }) => type)).toEqual(['action', 'error'])
    const { path } = await paystack.transactions.export({ amount: '500', status: 'success' })
    const [, ...lines] = (await (await fetch(path)).text()).trim().split('\n')
    expect(lines.map((line) => line.split(',')[1])).toEqual([second.reference, first.reference])
  })

  test('a transaction is disputed at Paystack, changed, defended and resolved', async () => {
    const reference = `disputed-${Date.now()}`
    const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
    await paystack.charges.create({ email: 'ada@example.com', amount: 9000, reference, card })
    const { id: transaction } = await paystack.transactions.verify(reference)
    await mteja.sandbox.dispute({ reference, reason: 'Not mine' })
    expect(await Array.fromAsync(paystack.settlements.list())).toEqual([])
    const [listed] = await Array.fromAsync(paystack.disputes.list({ transaction: String(transaction), perPage: 1 }))
    const id = listed?.id ?? 0
    expect(await paystack.disputes.fetch(id)).toEqual(listed)
    expect(await paystack.disputes.fetchOfTransaction(transaction)).toMatchObject({ id })
    expect(await paystack.disputes.update(id, { refund_amount: 5000 })).toMatchObject({ refund_amount: 5000 })
    const evidence = { customer_email: 'a@b.co', customer_name: 'Ada', customer_phone: '0800', service_details: 'x' }
    expect(await paystack.disputes.addEvidence(id, evidence)).toMatchObject(evidence)
    await expect(paystack.disputes.uploadUrl(id, { upload_filename: 'a.pdf' })).rejects.toMatchObject({ status: 403 })
    expect((await paystack.disputes.export()).path).toContain('/dispute/export/')
    const answer = { message: 'No', refund_amount: 5000, uploaded_filename: 'a.pdf' }
    expect(await paystack.disputes.resolve(id, { resolution: 'declined', ...answer })).toMatchObject({
      status: 'resolved',
    })
  })

  test('a charge that asks its payer is answered step by step, and a wrong answer ends it', async () => {
    const payer = { email: 'payer@example.com', amount: 500 }
    const card = { number: '507850785078507804', cvv: '884', expiry_month: '12', expiry_year: '2030' }
    const { charges } = paystack
    const { reference, status } = await charges.create({ ...payer, card })
    expect(status).toBe('send_pin')
    expect(await charges.submitPin({ reference, pin: '0000' })).toMatchObject({ status: 'send_phone' })
    expect(await charges.submitPhone({ reference, phone: '08012345678' })).toMatchObject({ status: 'send_otp' })
    expect(await charges.submitOtp({ reference, otp: '123456' })).toMatchObject({ status: 'success', amount: 500 })
    const asking = await charges.create({ ...payer, card: { ...card, number: '4084080000020001' } })
    const address = { address: '140 N 2ND ST', city: 'Stroudsburg', state: 'PA', zip_code: '18360' }
    const paid = await charges.submitAddress({ reference: asking.reference, ...address })
    expect(paid).toMatchObject({ status: 'success' })
    const debit = await charges.create({ ...payer, bank: { code: '057', account_number: '0000000000' } })
    const wrong = charges.submitBirthday({ reference: debit.reference, birthday: '2000-01-01' })
    await expect(wrong).rejects.toMatchObject({ status: 400 })
    expect(await charges.check(debit.reference)).toMatchObject({ status: 'failed' })
  })

  test('an outcome is chosen for the next charge, is listed, and is taken back', async () => {
    const wanted = { on: 'charge', match: { reference: 'bent' }, outcome: 'decline', reason: 'Do not honour' } as const
    const made = await mteja.sandbox.createOutcome(wanted)
    expect(made).toMatchObject({ ...wanted, timesLeft: 1 })
    expect(await Array.fromAsync(mteja.sandbox.listOutcomes({ limit: 1 }))).toMatchObject([{ id: made.id }])
    expect(await mteja.sandbox.deleteOutcome(made.id)).toEqual({ id: made.id, deleted: true })
    await expect(mteja.sandbox.deleteOutcome(made.id)).rejects.toBeInstanceOf(NotFoundError)
  })

  test('a transaction is refunded at Paystack, and a refund that waits gets a bank account', async () => {
    const payer = { email: 'payer@example.com', amount: 5000 }
    const card = { number: '4084080000671902', cvv: '408', expiry_month: '12', expiry_year: '2030' }
    const { reference } = await paystack.charges.create({ ...payer, card })
    const { id, currency } = await paystack.transactions.verify(reference)
    const made = await paystack.refunds.create({ transaction: reference, amount: 2000 })
    expect(made).toMatchObject({ status: 'pending', amount: 2000, transaction: { id } })
    expect(await paystack.refunds.fetch(made.id)).toMatchObject({ id: made.id, transaction: id })
    const rows = await Array.fromAsync(paystack.refunds.list({ transaction: String(id), perPage: 1 }))
    expect(rows).toMatchObject([{ id: made.id }])
    const wait = async (status: string) => {
      while ((await paystack.refunds.fetch(made.id)).status !== status)
        await new Promise((done) => setTimeout(done, 50))
    }
    await wait('needs-attention')
    const refund_account_details = { currency, account_number: '0123456789', bank_id: '9' }
    expect(await paystack.refunds.retry(made.id, { refund_account_details })).toMatchObject({ status: 'processing' })
    const tooMuch = paystack.refunds.create({ transaction: id })
    await expect(tooMuch).rejects.toMatchObject({ status: 400 })
  })

  test('the countries of Paystack and the states of a country are listed', async () => {
    const countries = await paystack.miscellaneous.countries()
    expect(countries.find(({ iso_code }) => iso_code === 'NG')).toMatchObject({ default_currency_code: 'NGN' })
    const states = await paystack.miscellaneous.states({ country: 'CA' })
    expect(states).toContainEqual({ name: 'British Columbia', slug: 'british-columbia', abbreviation: 'BC' })
  })
})

describe('operations of the Paystack client on banks and accounts', () => {
  test('Paystack banks are listed whole and by cursor, and account numbers and cards are resolved', async () => {
    const { data, meta } = await paystack.banks.list({ country: 'nigeria' })
    expect(data.find(({ code }) => code === '057')).toMatchObject({ id: 21, name: 'Zenith Bank' })
    expect(meta).toBeUndefined()
    const page = await paystack.banks.list({ use_cursor: true, perPage: 2 })
    expect([page.data.length, page.meta?.next]).toEqual([2, expect.any(String)])

    const account = { account_number: '0000000000', bank_code: '057' }
    expect(await paystack.banks.resolve(account)).toMatchObject({ account_number: '0000000000', bank_id: 21 })
    const unknown = paystack.banks.resolve({ ...account, account_number: '0000000001' })
    await expect(unknown).rejects.toBeInstanceOf(ValidationError)
    const validated = paystack.banks.validate({
      account_name: 'Ann Bron',
      account_number: '0123456789',
      account_type: 'personal',
      bank_code: '632005',
      country_code: 'ZA',
      document_type: 'identityNumber',
      document_number: '1234567890123',
    })
    expect(await validated).toMatchObject({ verified: true })
    expect(await paystack.banks.resolveCardBin('539983')).toMatchObject({ brand: 'Mastercard', linked_bank_id: 9 })
  })

  test('a Paystack dedicated account is created, listed, paid into and deactivated', async () => {
    const [provider] = await paystack.dedicatedAccounts.providers()
    expect(provider).toMatchObject({ provider_slug: 'test-bank' })
    const { customer_code } = await paystack.customers.create({ email: 'dva@example.com' })
    const person = { first_name: 'Ada', last_name: 'Obi', phone: '+2348123456789' }
    const made = await paystack.dedicatedAccounts.create({ customer: customer_code, ...person })
    expect(made).toMatchObject({ assigned: true, currency: 'NGN', customer: { customer_code, ...person } })
    const { account_number } = made
    const listed = await Array.fromAsync(paystack.dedicatedAccounts.list({ customer: customer_code }), ({ id }) => id)
    expect(listed).toEqual([made.id])
    expect((await paystack.dedicatedAccounts.fetch(made.id)).split_config).toBeNull()
    expect(await paystack.dedicatedAccounts.removeSplit({ account_number })).toMatchObject({ id: made.id })
    expect((await paystack.dedicatedAccounts.requery({ account_number })).message).not.toBe('')

    const sent = { amount: 500n, senderName: 'Ben', reference: 'bank-1' }
    const transfer = await mteja.sandbox.transfer(account_number, sent)
    expect(transfer).toMatchObject({ reference: 'bank-1', customerId: customer_code, amount: 500, status: 'succeeded' })
    expect(await mteja.sandbox.transfer(account_number, sent)).toEqual(transfer)
    expect(await paystack.transactions.verify('bank-1')).toMatchObject({ channel: 'dedicated_nuban', amount: 500 })
    const { balances } = await mteja.customers.balances(customer_code)
    expect(balances.find(({ currency }) => currency === 'NGN')).toMatchObject({ posted: 500 })
    expect(await paystack.dedicatedAccounts.deactivate(made.id)).toMatchObject({ id: made.id, assigned: false })
    await expect(mteja.sandbox.transfer(account_number, sent)).rejects.toBeInstanceOf(NotFoundError)

    const assigned = { email: 'assigned@example.com', ...person, preferred_bank: 'test-bank', country: 'NG' as const }
    expect(await paystack.dedicatedAccounts.assign(assigned)).toEqual({
      message: 'Assign dedicated account in progress',
    })
    await expect.poll(async () => (await paystack.customers.fetch(assigned.email)).dedicated_account).not.toBeNull()
  })

  test('the Paystack mandates of all customers are listed, and activated again', async () => {
    const emails = ['one@example.com', 'two@example.com', 'three@example.com']
    for (const email of emails) {
      const { reference } = await paystack.customers.initializeAuthorization({ email, channel: 'direct_debit' })
      await mteja.sandbox.approveMandate(reference)
    }
    const listed = await Array.fromAsync(
      paystack.directDebits.mandateAuthorizations({ per_page: 2 }),
      ({ customer }) => customer.email,
    )
    expect(listed.slice(0, 3)).toEqual(emails.toReversed())
    const { id } = await paystack.customers.fetch('one@example.com')
    expect(await paystack.directDebits.activationCharge({ customer_ids: [id] })).toEqual({
      message: 'Mandate is queued for retry',
    })
  })
})

describe('operations of the Paystack client on transfers', () => {
  let client: PaystackClient

  /** A merchant of its own, because passwords are asked for all transfers of a merchant. It has 5,000. */
  beforeAll(async () => {
    const key = await createMerchant({ baseUrl, adminKey })
    const options = { baseUrl, fetch: fetchNoting }
    client = new PaystackClient({ ...options, secretKey: key })
    const shop = new CashfulClient({ ...options, token: key })
    const { id: customerId } = await shop.customers.create({ phoneNumber: newPhone() })
    await new MtejaClient({ ...options, token: key }).sandbox.payIn({ customerId, amount: 5000, currency: 'NGN' })
    await shop.purchases.create({ customerId, productId: 'airtime', amount: 5000, currency: 'NGN' })
  })

  const account = { type: 'nuban', name: 'Tolu Robert', bank_code: '058', account_number: '0123456789' }

  test('a Paystack recipient is created once for an account, fetched, changed, listed and deactivated', async () => {
    const made = await client.transferRecipients.create({ ...account, account_number: '0123456788' })
    expect(made).toMatchObject({ name: 'Tolu Robert', currency: 'NGN', active: true })
    const lines = [
      { ...account, account_number: '0123456788', name: 'Somebody Else' },
      { ...account, bank_code: '000' },
    ]
    const { success, errors } = await client.transferRecipients.createBulk({ batch: lines })
    expect(success).toEqual([made])
    expect(errors).toMatchObject([{ message: 'Bank is invalid', records: [{ bank_code: '000' }] }])
    for (const name of [made.id, made.recipient_code]) {
      expect(await client.transferRecipients.fetch(name)).toEqual(made)
    }
    const changed = await client.transferRecipients.update(made.recipient_code, { email: 'tolu@example.com' })
    expect(changed).toMatchObject({ id: made.id, email: 'tolu@example.com', name: 'Tolu Robert' })
    const { id } = await client.transferRecipients.create({ ...account, account_number: '0123456787' })
    for (const query of [{ perPage: 1 }, { perPage: 1, use_cursor: true }]) {
      const listed = await Array.fromAsync(client.transferRecipients.list(query), (each) => each.id)
      expect(listed.slice(0, 2)).toEqual([id, made.id])
    }
    expect(await client.transferRecipients.delete(made.id)).toEqual({ message: 'Transfer recipient set as inactive' })
    expect(await client.transferRecipients.fetch(made.id)).toMatchObject({ active: false })
    await expect(client.transferRecipients.fetch('RCP_nobody')).rejects.toBeInstanceOf(NotFoundError)
  })

  test('money is sent at Paystack alone and in bulk, verified, listed, exported, and shows in the balance', async () => {
    const { id, recipient_code: recipient } = await client.transferRecipients.create(account)
    const available = async () => (await client.balance.fetch()).find(({ currency }) => currency === 'NGN')?.balance
    const before = (await available()) ?? 0
    const line = { recipient, amount: 100n, reason: 'Wages' }
    const made = await client.transfers.initiate({ source: 'balance', ...line, reference: 'wages-1' })
    expect(made).toMatchObject({ status: 'success', amount: 100, reference: 'wages-1', recipient: id })
    const other = client.transfers.initiate({ source: 'balance', ...line, amount: 101n, reference: 'wages-1' })
    await expect(other).rejects.toBeInstanceOf(ValidationError)
    const transfers = [
      { ...line, reference: 'wages-2' },
      { ...line, reference: 'wages-3', recipient: 'RCP_nobody' },
    ]
    const queued = await client.transfers.initiateBulk({ source: 'balance', currency: 'NGN', transfers })
    expect(queued).toMatchObject([
      { reference: 'wages-2', status: 'success', amount: 100 },
      { reference: 'wages-3', status: 'failed', transfer_code: null, message: 'Recipient specified is invalid' },
    ])
    const half = { source: 'balance', ...line, amount: 1.5 }
    await expect(async () => client.transfers.initiate(half)).rejects.toThrow(RangeError)

    const verified = await client.transfers.verify('wages-1')
    expect(verified).toMatchObject({ id: made.id, status: 'success', recipient: { recipient_code: recipient } })
    for (const name of [made.id, made.transfer_code]) expect(await client.transfers.fetch(name)).toEqual(verified)
    for (const query of [{ perPage: 1 }, { perPage: 1, use_cursor: true }]) {
      const listed = client.transfers.list({ ...query, recipient: String(id) })
      expect(await Array.fromAsync(listed, ({ reference }) => reference)).toEqual(['wages-2', 'wages-1'])
    }
    const { path } = await client.transfers.export({ status: 'success' })
    expect(await (await fetch(path)).text()).toContain(`${made.id},wages-1,`)
    await expect(client.transfers.export({ status: 'blocked' })).rejects.toBeInstanceOf(NotFoundError)
    await expect(client.transfers.verify('wages-3')).rejects.toBeInstanceOf(NotFoundError)

    expect(await available()).toBe(before - 200)
    const ledger = await Array.fromAsync(client.balance.ledger({ perPage: 1 }))
    expect(ledger.slice(0, 2)).toMatchObject([
      { difference: -100, balance: before - 200, model_responsible: 'Transfer' },
      { difference: -100, balance: before - 100, currency: 'NGN' },
    ])
  })

  test('Paystack transfers wait for a one-time password once that is turned on, until it is turned off', async () => {
    const { recipient_code: recipient } = await client.transferRecipients.create(account)
    const wanted = { source: 'balance', recipient, amount: 100 }
    expect((await client.transfers.enableOtp()).message).toMatch(/enabled$/)
    const { status, transfer_code } = await client.transfers.initiate(wanted)
    expect(status).toBe('otp')
    expect(await client.transfers.resendOtp({ transfer_code, reason: 'transfer' })).toEqual({
      message: 'OTP has been resent',
    })
    const paid = await client.transfers.finalize({ transfer_code, otp: '123456' })
    expect(paid).toMatchObject({ transfer_code, status: 'success' })
    const wrong = client.transfers.finalize({ transfer_code, otp: '123456' })
    await expect(wrong).rejects.toThrow('Transfer is not currently awaiting OTP')
    expect((await client.transfers.disableOtp()).message).toMatch(/^OTP has been sent/)
    expect((await client.transfers.finalizeDisableOtp({ otp: '123456' })).message).toMatch(/disabled$/)
    expect(await client.transfers.initiate(wanted)).toMatchObject({ status: 'success' })
  })
})

describe('operations of the Mteja client', () => {
  test('webhook endpoints are created through either API, retrieved, listed, updated and deleted', async () => {
    const url = 'http://127.0.0.1:9/nobody-listens'
    const { secret, ...made } = await cashful.webhookEndpoints.create({ url, events: ['customer.created'] })
    expect(secret).toMatch(/^whsec_/)
    expect((await cashful.webhookEndpoints.list().page()).data).toEqual([made])
    const { id } = await cashful.customers.create({ phoneNumber: newPhone() })
    const [told] = (await cashful.events.list({ type: 'customer.created', status: 'pending' }).page()).data
    expect(told).toMatchObject({ webhookEndpointId: made.id, relatedEntityId: id })
    expect((await cashful.events.types()).map(({ name }) => name)).toContain('customer.created')
    expect(await cashful.webhookEndpoints.delete(made.id)).toMatchObject({ id: made.id, deleted: true })

    const { secret: first, ...own } = await mteja.webhookEndpoints.create({ url })
    expect(await mteja.webhookEndpoints.retrieve(own.id)).toEqual(own)
    expect((await mteja.webhookEndpoints.rotateSecret(own.id)).secret).not.toBe(first)
    expect(await mteja.webhookEndpoints.update(own.id, { enabled: false })).toMatchObject({ enabled: false })
    expect(await Array.fromAsync(mteja.webhookEndpoints.list({ limit: 1 }), ({ id }) => id)).toEqual([own.id])
    expect(await mteja.webhookEndpoints.delete(own.id)).toMatchObject({ deleted: true })
  })

  test('deliveries are listed, retrieved with their attempts, counted and sent again', async () => {
    // Leaves out events of earlier tests, which the sandbox may finish only now.
    const events = ['customer.created']
    const url = 'http://127.0.0.1:9/nobody-listens'
    const { id: endpointId } = await mteja.webhookEndpoints.create({ url, events })
    const ids = [(await customerWith(0)).id, (await customerWith(0)).id]
    const list = () => Array.fromAsync(mteja.deliveries.list({ endpointId, limit: 1 }))
    await vi.waitFor(
      async () => expect((await list()).every(({ attemptCount }) => attemptCount > 0)).toBe(true),
      60_000,
    )
    const found = await list()
    expect(found.map(({ customerId }) => customerId)).toEqual(ids.toReversed())
    const [newest] = found
    const detailed = await mteja.deliveries.retrieve(newest?.id ?? '')
    expect(detailed.attempts[0]).toMatchObject({ response: null, error: 'The connection was refused' })
    expect(await mteja.deliveries.resend(detailed.id)).toMatchObject({ id: detailed.id, status: 'pending' })
    const filter = { endpointId, status: 'pending' } as const
    expect(await mteja.deliveries.previewResend(filter)).toEqual({ count: 2, timeZone: 'Africa/Johannesburg' })
    expect(await mteja.deliveries.resendAll(filter)).toEqual({ count: 2 })
    await mteja.webhookEndpoints.delete(endpointId)
  })

  test('events are listed by page, retrieved, and followed once each until the caller stops', async () => {
    const { id: customerId } = await customerWith(100)
    const events = await Array.fromAsync(mteja.events.list({ customerId, limit: 1 }))
    expect(events.map(({ type }) => type)).toEqual(['pay_in.succeeded', 'customer.created'])
    const [paid, created] = events
    expect(await mteja.events.retrieve(created?.id ?? '')).toEqual(created)

    const leaving = new AbortController()
    const followed: string[] = []
    const follow = async () => {
      for await (const { id, body } of mteja.events.follow({ after: created?.id }, { signal: leaving.signal })) {
        expect(body).toMatchObject({ id })
        followed.push(id)
        if (id === paid?.id) leaving.abort(new Error('enough'))
      }
    }
    await expect(follow()).rejects.toThrow('enough')
    expect(new Set(followed).size).toBe(followed.length)
    expect(followed).not.toContain(created?.id)
    const unknown = mteja.events.follow({ after: 'evt_unknown' }).next()
    await expect(unknown).rejects.toBeInstanceOf(NotFoundError)
  })

  test('API keys are created, listed and revoked', async () => {
    const made = await mteja.apiKeys.create({ name: 'checkout' })
    const other = new CashfulClient({ baseUrl, token: made.secret })
    await other.customers.list({ limit: 1 }).page()
    const [newest] = await Array.fromAsync(mteja.apiKeys.list())
    expect(newest).toMatchObject({ id: made.id, name: 'checkout', revokedAt: null })
    expect(await mteja.apiKeys.retrieve(made.id)).toMatchObject({ id: made.id, role: 'owner' })
    const next = await mteja.apiKeys.replace(made.id, { overlapHours: 1 })
    expect([next.replaces, next.replaced.id]).toEqual([made.id, made.id])
    expect(await mteja.apiKeys.revoke(made.id)).toMatchObject({ revokedAt: expect.any(String), alsoRevoked: 0 })
    await expect(other.customers.list().page()).rejects.toBeInstanceOf(AuthenticationError)
  })

  test('a person is created, found, changed and ended', async () => {
    const person = await mteja.people.create({ name: 'Amina', email: 'amina@example.com' })
    await mteja.apiKeys.create({ role: 'viewer', personId: person.id })
    expect(await mteja.people.update(person.id, { name: 'Amina Yusuf' })).toMatchObject({ name: 'Amina Yusuf' })
    expect((await mteja.people.retrieve(person.id)).name).toBe('Amina Yusuf')
    expect((await Array.fromAsync(mteja.people.list())).map(({ id }) => id)).toEqual([person.id])
    expect(await mteja.people.end(person.id)).toMatchObject({ id: person.id, revokedKeys: 1 })
    const [entry] = await Array.fromAsync(mteja.audit.list({ object: person.id, action: 'endPerson' }))
    expect(entry).toMatchObject({ object: person.id, by: { kind: 'key' } })
    const { id: merchantId } = await mteja.merchants.own()
    const { data } = await operator.merchants.audit(merchantId, { limit: 1 }).page()
    expect(data).toHaveLength(1)
  })

  test('a hold is placed, retrieved, captured in part and released', async () => {
    const { id: customerId } = await customerWith(5000)
    const hold = await mteja.holds.place({ customerId, amount: 1000, description: 'Ride' })
    expect(await mteja.holds.retrieve(hold.id)).toEqual(hold)
    expect(await mteja.holds.capture(hold.id, { amount: 400 })).toMatchObject({ amount: 400, balanceAfter: 4600 })
    await expect(mteja.holds.capture(hold.id, { amount: 601 })).rejects.toMatchObject({
      name: 'ConflictError',
      code: 'hold_exceeded',
    })
    expect(await mteja.holds.release(hold.id)).toMatchObject({ id: hold.id, status: 'released' })
    const holds = [hold.id, (await mteja.holds.place({ customerId, amount: 1 })).id]
    const listed = await Array.fromAsync(mteja.holds.list({ customerId, limit: 1 }), ({ id }) => id)
    expect(listed).toEqual(holds.toReversed())
    expect((await mteja.holds.list({ customerId }).page()).total).toBe(2)
    await expect(mteja.holds.place({ customerId, amount: 5000 })).rejects.toBeInstanceOf(InsufficientFundsError)
  })

  test('a dispute is listed, declined with evidence, and another is accepted; its settings are changed', async () => {
    const { id: customerId } = await customerWith(0)
    const { transactionId } = await mteja.sandbox.payIn({ customerId, amount: 500 })
    const complaint = { reference: transactionId, reason: 'Not mine', amount: 200 }
    const first = await mteja.sandbox.dispute(complaint)
    expect(await mteja.disputes.retrieve(first.id)).toEqual(first)
    const evidence = {
      customerEmail: 'ada@example.com',
      customerName: 'Ada',
      customerPhone: '0800',
      serviceDetails: 'x',
    }
    expect(await mteja.disputes.addEvidence(first.id, evidence)).toMatchObject({ evidence })
    expect(await mteja.disputes.decline(first.id, { message: 'No' })).toMatchObject({ state: 'won' })
    const second = await mteja.sandbox.dispute(complaint)
    expect(await mteja.disputes.accept(second.id)).toMatchObject({ state: 'lost', amount: 200 })
    const listed = await Array.fromAsync(mteja.disputes.list({ customerId, limit: 1 }))
    expect(listed.map(({ state }) => state)).toEqual(['lost', 'won'])
    await expect(mteja.disputes.accept(first.id)).rejects.toMatchObject({ code: 'dispute_not_open' })
    const read = await mteja.disputes.retrieveSettings()
    const saved = await mteja.disputes.updateSettings({ ...read, holdsAmount: true })
    expect(saved).toEqual({ ...read, holdsAmount: true, updatedAt: saved.updatedAt })
    // What was read before is not what the change was made to.
    const late = mteja.disputes.updateSettings({ ...read, borneBy: 'merchant' })
    await expect(late).rejects.toMatchObject({ code: 'changed_meanwhile' })
    expect(await mteja.disputes.updateSettings({ ...saved, holdsAmount: false })).toMatchObject({ holdsAmount: false })
  })

  test('what is over a limit waits for a second person, who approves or denies it, and so does a higher limit', async () => {
    const { id: customerId } = await customerWith(1000)
    const { approvals } = mteja
    const limit = { currency: 'ZAR', amountOver: 1_000_000 }
    expect(await approvals.updateSettings({ limits: [limit] })).toMatchObject({ isOn: true, waitingApprovalId: null })
    const ask = async (reference: string) => {
      const asked = { customerId, amount: 1_000_001, currency: 'ZAR', direction: 'credit', reason: 'Goodwill' } as const
      const { status, approvalId } = await mteja.adjustments.make({ ...asked, reference })
      expect(status).toBe('awaiting_approval')
      return approvalId ?? ''
    }
    const [first, second] = [await ask('second person 1'), await ask('second person 2')]
    await expect(approvals.approve(first)).rejects.toMatchObject({ status: 403, code: 'another_person_needed' })
    expect(await mteja.sandbox.approveAsAnother(first)).toMatchObject({ status: 'approved' })
    const denied = await approvals.deny(second, { reason: 'Too much' })
    expect(denied).toMatchObject({ status: 'denied', denial: 'person', reason: 'Too much' })
    expect(await approvals.retrieve(second)).toEqual({ ...denied, obstacle: null })
    const listed = await Array.fromAsync(approvals.list({ kind: 'adjustment', limit: 1 }))
    expect(listed.map(({ id }) => id).sort()).toEqual([first, second].sort())
    const limits = (await approvals.retrieveSettings()).limits
    expect(await approvals.updateSettings(await approvals.retrieveSettings())).toMatchObject({ limits, isOn: true })
    const { waitingApprovalId } = await approvals.updateSettings({ limits: [{ currency: 'ZAR' }] })
    await mteja.sandbox.approveAsAnother(waitingApprovalId ?? '')
    expect(await approvals.retrieveSettings()).toMatchObject({ isOn: false, limits: [], waitingApprovalId: null })
  })

  test('a payout is made, listed and cancelled, many are made at once, and its recipient is changed', async () => {
    const { id: customerId } = await customerWith(1000)
    // The sandbox's account is short of funds for this number, so the payout waits.
    const destination = { type: 'bank_account' as const, bankCode: '058', accountNumber: '0000000010' }
    const wanted = { customerId, destination, amount: 100 }
    const payout = await mteja.payouts.create({ ...wanted, reference: `out-${customerId}` })
    expect(payout).toMatchObject({ amount: 100, state: 'pending' })
    expect(await mteja.payouts.create({ ...wanted, reference: `out-${customerId}` })).toMatchObject({ id: payout.id })
    const many = [
      { ...wanted, reference: `more-${customerId}` },
      { ...wanted, reference: `out-${customerId}`, amount: 1 },
    ]
    const { made, refused, outcomes } = await mteja.payouts.createMany(many)
    expect([made, refused, outcomes.map(({ status }) => status)]).toEqual([1, 1, ['made', 'refused']])
    const listed = await Array.fromAsync(mteja.payouts.list({ customerId, limit: 1 }), ({ amount }) => amount)
    expect(listed).toEqual([100, 100])
    while ((await mteja.payouts.retrieve(payout.id)).stateCode === null) await sleep(50)
    expect(await mteja.payouts.cancel(payout.id)).toMatchObject({ state: 'cancelled' })
    const settling = mteja.payouts.settle(payout.id, { outcome: 'paid', proof: 'x' })
    await expect(settling).rejects.toMatchObject({ code: 'not_available' })
    const unasked = { status: 404, code: 'approval_not_found' }
    await expect(mteja.payouts.approve(payout.id)).rejects.toMatchObject(unasked)
    await expect(mteja.payouts.deny(payout.id, { reason: 'x' })).rejects.toMatchObject(unasked)
    const { updatedAt, ...settings } = await mteja.payouts.retrieveSettings()
    expect(await mteja.payouts.updateSettings({ ...settings, updatedAt })).toMatchObject(settings)

    const recipient = await mteja.recipients.create({ ...destination, accountName: 'Zero Sum' })
    expect(recipient.id).toBe(payout.destination.id)
    expect(await mteja.recipients.retrieve(recipient.id)).toEqual(recipient)
    expect(await mteja.recipients.update(recipient.id, { active: false })).toMatchObject({ active: false })
    const others = await Array.fromAsync(mteja.recipients.list({ limit: 1 }), ({ id }) => id)
    expect(others).not.toContain(recipient.id)
  })

  test('money is given back by refund and by reversal', async () => {
    const { id: customerId } = await customerWith(1000)
    const purchase = await cashful.purchases.create({ customerId, productId: 'x', amount: 300, currency: 'ZAR' })
    expect(await mteja.refunds.create({ transactionId: purchase.id, amount: 100 })).toMatchObject({ amount: 100 })
    expect(await mteja.refunds.reverse({ transactionId: purchase.id })).toMatchObject({ amount: 200 })
    const refund = mteja.refunds.create({ transactionId: purchase.id, amount: 1 })
    await expect(refund).rejects.toMatchObject({ code: 'refund_exceeded' })
    const listed = await Array.fromAsync(mteja.refunds.list({ customerId, limit: 1 }))
    expect(listed.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['reversal', 200],
      ['refund', 100],
    ])
    expect(await mteja.refunds.retrieve(listed[0]?.id ?? '')).toEqual(listed[0])
  })

  test('a person says how a refund has ended that is unknown', async () => {
    const card = { number: '4084080000672009', cvv: '408', expiry_month: '12', expiry_year: '2030' }
    const { reference } = await paystack.charges.create({ email: 'payer@example.com', amount: 5000, card })
    const { id } = await mteja.refunds.create({ transactionId: reference, amount: 700 })
    const body = { outcome: 'failed', proof: 'None there', reason: 'The answer was lost' } as const
    const settled = await mteja.refunds.settle(id, body)
    expect(settled).toMatchObject({ state: 'failed', proof: 'None there', settlementApprovalId: null })
    await expect(mteja.refunds.settle(id, { ...body, outcome: 'processed' })).rejects.toMatchObject({
      code: 'refund_not_open',
    })
  })

  test('money is recorded by hand once for a reference, and a balance is adjusted', async () => {
    const { id: customerId } = await customerWith(0)
    const reference = `line ${customerId}`
    const line = { customerId, amount: 700, currency: 'ZAR', source: 'cash', reference } as const
    const payIn = await mteja.payIns.record({ ...line, metadata: { page: 3 } })
    expect(payIn).toMatchObject({ ...line, status: 'succeeded', metadata: { page: 3 } })
    await expect(mteja.payIns.record(line)).rejects.toMatchObject({ name: 'ConflictError', code: 'reference_taken' })
    expect(await Array.fromAsync(mteja.payIns.list({ customerId }))).toEqual([payIn])
    expect(await mteja.payIns.retrieve(payIn.id)).toEqual(payIn)
    const debit = {
      customerId,
      amount: 701,
      currency: 'ZAR',
      direction: 'debit',
      reason: 'Mistake',
      reference,
    } as const
    await expect(mteja.adjustments.make(debit)).rejects.toBeInstanceOf(InsufficientFundsError)
    const adjustment = await mteja.adjustments.make({ ...debit, amount: 700 })
    const listed = await Array.fromAsync(mteja.adjustments.list({ reference, limit: 1 }))
    expect(listed.map(({ status }) => status).sort()).toEqual(['refused', 'succeeded'])
    expect(await mteja.adjustments.retrieve(adjustment.id)).toEqual(adjustment)
  })

  test('nothing is in suspense, and an unknown id is refused', async () => {
    expect(await Array.fromAsync(mteja.suspense.list({ open: true }))).toEqual([])
    for (const ask of [mteja.suspense.retrieve('none'), mteja.suspense.giveBack('none')]) {
      await expect(ask).rejects.toBeInstanceOf(NotFoundError)
    }
    await expect(mteja.suspense.assign('none', { customerId: 'x' })).rejects.toBeInstanceOf(NotFoundError)
  })

  test('differences are pretended, listed and closed, and nothing is reconciled without an account', async () => {
    const made = await mteja.sandbox.difference({ kind: 'fee', amount: 30 })
    expect(made).toMatchObject({ kind: 'fee', amount: 30, status: 'open' })
    expect(await mteja.reconciliations.retrieveDifference(made.id)).toEqual(made)
    const listed = await Array.fromAsync(mteja.reconciliations.listDifferences({ status: 'open' }))
    expect(listed.map(({ id }) => id)).toEqual([made.id])
    const closed = await mteja.reconciliations.closeDifference(made.id, { outcome: 'accepted', reason: 'It is small' })
    expect(closed).toMatchObject({ status: 'accepted', reason: 'It is small' })
    await expect(mteja.reconciliations.create()).rejects.toThrow(/no account to compare/)
    expect(await Array.fromAsync(mteja.reconciliations.list())).toEqual([])
    await expect(mteja.reconciliations.retrieve('none')).rejects.toBeInstanceOf(NotFoundError)
    const { id } = await mteja.merchants.own()
    const all = await Array.fromAsync(operator.merchants.differences(id))
    expect(all.map(({ status }) => status)).toEqual(['accepted'])
    await expect(operator.merchants.reconcile(id)).rejects.toThrow(/no account to compare/)
  })

  test('nothing is imported without an account, and nothing was', async () => {
    const { id } = await mteja.merchants.own()
    await expect(operator.merchants.importAccount(id)).rejects.toThrow(/no account to import from/)
    expect(await Array.fromAsync(operator.merchants.importSkips(id))).toEqual([])
    expect(await Array.fromAsync(mteja.importedPayments.list({ reference: 'of-before' }))).toEqual([])
  })

  test('the processor of a direction is shown and chosen', async () => {
    const { data } = await mteja.processors.list()
    expect(data.map(({ direction, processor }) => [direction, processor])).toEqual([
      ['in', 'sandbox'],
      ['out', 'sandbox'],
    ])
    expect(await mteja.processors.set('out', { processor: 'manual' })).toMatchObject({ processor: 'manual' })
    expect(await mteja.processors.set('out', { processor: 'sandbox' })).toMatchObject({ processor: 'sandbox' })
    expect(await mteja.processors.setSending({ paused: true })).toMatchObject({ pause: { cause: 'by_hand' } })
    expect(await mteja.processors.setSending({ paused: false })).toEqual({ paused: false, pause: null, pauses: [] })
  })

  test('the settings of payments are shown and changed', async () => {
    expect(await mteja.paymentSettings.retrieve()).toMatchObject({ knownCustomers: 'payment' })
    expect(await mteja.paymentSettings.update({ knownCustomers: 'wallet_topup' })).toMatchObject({
      knownCustomers: 'wallet_topup',
    })
    const read = await mteja.paymentSettings.retrieve()
    expect(await mteja.paymentSettings.update({ ...read, knownCustomers: 'payment' })).toMatchObject({
      knownCustomers: 'payment',
    })
  })

  test('a transaction is retrieved with both sides, and listed with its refunds', async () => {
    const { id: customerId } = await customerWith(0)
    const { id } = await mteja.sandbox.payIn({ customerId, amount: 700 })
    const { id: refundId } = await mteja.refunds.create({ transactionId: id, amount: 100 })
    const found = await mteja.transactions.retrieve(`txn_${id}`)
    expect(found).toMatchObject({
      id,
      kind: 'pay_in',
      refundedAmount: 100,
      entries: [{ amount: -700 }, { amount: 700 }],
    })
    const listed = await Array.fromAsync(mteja.transactions.list({ reference: id, limit: 1 }), (each) => each.id)
    expect(listed).toEqual([refundId, id])
    await expect(mteja.transactions.retrieve('nothing')).rejects.toBeInstanceOf(NotFoundError)
  })

  test('a batch of transfers answers each transfer on its own', async () => {
    const [ada, ben] = [await customerWith(100), await customerWith(0)]
    const transfer = { fromCustomerId: ada.id, toCustomerId: ben.id }
    const { completed, refused, outcomes } = await mteja.transfers.batch([
      { ...transfer, amount: 60 },
      { ...transfer, amount: 60 },
    ])
    expect({ completed, refused }).toEqual({ completed: 1, refused: 1 })
    expect(outcomes[1]).toMatchObject({ status: 'refused', error: { code: 'insufficient_funds' } })
  })

  test('balances are read now and at a past instant, and a statement has every entry', async () => {
    const { id } = await customerWith(1000)
    const now = await mteja.customers.balances(id)
    expect(now.balances).toMatchObject([{ currency: 'ZAR', posted: 1000, held: 0, available: 1000 }])
    const past = await mteja.customers.balances(id, { at: new Date(Date.now() - 3_600_000) })
    expect(past.balances.find(({ currency }) => currency === 'ZAR')?.posted ?? 0).toBe(0)

    const period = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) }
    const statement = await mteja.customers.statement(id, period).page()
    expect(statement).toMatchObject({ openingBalance: 0, closingBalance: 1000, entryCount: 1 })
    expect(await Array.fromAsync(mteja.customers.statement(id, period))).toEqual(statement.entries)
    const { url } = await mteja.customers.statementLink(id, period)
    expect(await (await fetch(url)).text()).toContain('10.00')
    const csv = await mteja.customers.statementFile(id, { ...period, format: 'csv' })
    expect(csv).toMatch(/^number,createdAt/)
    expect(await mteja.customers.statementFile(id, { ...period, format: 'html' })).toContain('<html')
  })

  test('customers are listed with their balances, one after the other to the end', async () => {
    const made = [await customerWith(700), await customerWith(0), await customerWith(900)]
    const page = await mteja.customers.list({ limit: 2 }).page()
    expect(page.data.map(({ id }) => id)).toEqual([made[2]?.id, made[1]?.id])
    expect(page.data[0]?.balances).toMatchObject([{ currency: 'ZAR', available: 900 }])
    const all = await Array.fromAsync(mteja.customers.list({ limit: 2 }))
    expect(all.length).toBe(page.total)
    const rich = await Array.fromAsync(
      mteja.customers.list({ hasMoney: true, sort: 'phoneNumber', order: 'desc', limit: 1 }),
    )
    expect(rich.map(({ id }) => id).slice(0, 2)).toEqual([made[2]?.id, made[0]?.id])
  })

  test('the history of a customer and the purchases are listed by their kind, and read on to the end', async () => {
    const [ada, ben] = [await customerWith(1000), await customerWith(0)]
    const bought = []
    for (const amount of [30, 20, 10]) {
      const purchase = { customerId: ada.id, productId: 'airtime', amount, currency: 'ZAR' }
      bought.unshift((await cashful.purchases.create(purchase)).id)
      await cashful.transfers.create({ fromCustomerId: ada.id, toCustomerId: ben.id, amount: 1, currency: 'ZAR' })
    }
    const all = await Array.fromAsync(mteja.customers.entries(ada.id, { limit: 2 }))
    expect(all.map(({ amount }) => amount)).toEqual([-1, -10, -1, -20, -1, -30, 1000])
    expect(all[0]).toMatchObject({ kind: 'transfer', otherCustomerId: ben.id, balanceAfter: 937 })
    const spent = await Array.fromAsync(mteja.customers.entries(ada.id, { kind: 'purchase', limit: 1 }))
    expect(spent.map(({ amount }) => amount)).toEqual([-10, -20, -30])
    const purchases = await Array.fromAsync(mteja.purchases.list({ customerId: ada.id, limit: 2 }))
    expect(purchases.map(({ id }) => `purchase_${id}`)).toEqual(bought)
    expect((await mteja.purchases.list({ limit: 3 }).page()).data).toEqual(purchases)
  })

  test('what is owed is compared with what is held, and what moved is told by day', async () => {
    await customerWith(100)
    const { data } = await mteja.positions.list()
    const [zar] = data
    const held = zar?.outside.reduce((sum, { amount }) => sum + amount, 0)
    expect(zar).toMatchObject({ currency: 'ZAR' })
    expect((zar?.customers ?? 0) + (zar?.merchant ?? 0) + (zar?.suspense ?? 0)).toBe(
      (held ?? 0) + (zar?.owed ?? 0) + (zar?.costs ?? 0),
    )
    const volumes = await mteja.positions.days({ days: 1 })
    expect(volumes.data.find(({ kind }) => kind === 'pay_in')?.amount).toBeGreaterThanOrEqual(100)
  })

  test('a request is found by the id that its answer had', async () => {
    const { id } = await customerWith(100)
    const { data } = await mteja.audit.list({ limit: 1 }).page()
    const requestId = data[0]?.requestId ?? ''
    const done = await mteja.requests.retrieve(requestId)
    expect(done.writes).toMatchObject([{ action: 'pay_in', after: { amount: 100 } }])
    expect(done.events).toMatchObject([{ customerId: id }])
    expect((await mteja.audit.list({ requestId }).page()).data).toEqual(done.writes)
    await expect(mteja.requests.retrieve('nobody')).rejects.toBeInstanceOf(NotFoundError)
  })

  test('a customer is denied with a reason, but not by somebody who has seen another state', async () => {
    const { id, updatedAt } = await customerWith(0)
    const denied = await mteja.customers.setRiskAction(
      id,
      { riskAction: 'deny', reason: 'stolen' },
      { ifMatch: updatedAt },
    )
    expect(denied).toMatchObject({ riskAction: 'deny', risk: { reason: 'stolen' } })
    expect(await mteja.customers.retrieve(id)).toEqual(denied)
    const seen = { ifMatch: '2020-01-01T00:00:00.000Z' }
    const late = mteja.customers.setRiskAction(id, { riskAction: 'allow' }, seen)
    await expect(late).rejects.toMatchObject({ name: 'ConflictError', status: 412, code: 'changed_meanwhile' })
    // Cashful's errors have no codes.
    const renamed = cashful.customers.update(id, { name: 'Ada' }, seen)
    await expect(renamed).rejects.toMatchObject({ name: 'ConflictError', status: 412, code: undefined })
  })

  test('the default payment method is chosen, and given up', async () => {
    const { id } = await customerWith(0)
    const [first, second] = [
      await mteja.sandbox.createPaymentMethod({ customerId: id, type: 'card' }),
      await mteja.sandbox.createPaymentMethod({ customerId: id, type: 'mobile_money', phone: '+27821234567' }),
    ]
    const chosen = await mteja.customers.setDefaultPaymentMethod(id, second.id)
    expect(chosen).toEqual({ customerId: id, paymentMethodId: second.id, previousPaymentMethodId: first.id })
    const none = await mteja.customers.setDefaultPaymentMethod(id, null)
    expect(none).toMatchObject({ paymentMethodId: null, previousPaymentMethodId: second.id })
  })

  test('a customer is given out as a file, and erased', async () => {
    const { id } = await customerWith(1000)
    const file = await new Response(await mteja.customers.export(id)).json()
    expect([file.format, file.version, file.customer.code]).toEqual(['mteja-customer', 1, id])
    expect(file.entries).toMatchObject([{ kind: 'pay_in', amount: 1000, balanceAfter: 1000 }])
    await expect(mteja.customers.erase(id)).rejects.toThrow(/a balance of ZAR 10\.00/)
    await cashful.purchases.create({ customerId: id, productId: 'all', amount: 1000, currency: 'ZAR' })
    expect((await mteja.customers.erase(id)).customerId).toBe(id)
    await expect.poll(async () => (await mteja.customers.erasure(id)).erasedAt, { timeout: 60_000 }).not.toBeNull()
  })

  test('the operator creates merchants and their keys, and rotates the signing key', async () => {
    const merchant = await operator.merchants.create({ name: 'Soko', country: 'KE', currencies: ['KES'] })
    const key = await operator.merchants.createApiKey(merchant.id, { mode: 'live' })
    expect(key.secret).toMatch(/^sk_live_/)
    const [listed] = await Array.fromAsync(operator.merchants.listApiKeys(merchant.id))
    expect(listed?.id).toBe(key.id)
    expect((await operator.merchants.revokeApiKey(merchant.id, key.id)).revokedAt).not.toBeNull()
    const changed = await operator.merchants.update(merchant.id, { name: 'Duka', addCurrencies: ['USD'] })
    expect(changed).toMatchObject({ name: 'Duka', currencies: ['KES', 'USD'] })
    expect(await operator.merchants.retrieve(merchant.id)).toEqual(changed)
    const chosen = await operator.merchants.setProcessor(merchant.id, 'in', { mode: 'live', processor: 'manual' })
    expect((await operator.merchants.processors(merchant.id, { mode: 'live' })).data[0]).toEqual(chosen)
    const paused = await operator.merchants.setSending(merchant.id, { mode: 'live', paused: true })
    expect((await operator.merchants.processors(merchant.id, { mode: 'live' })).data[0]?.pause).toEqual(paused.pause)
    const change = { mode: 'live', knownCustomers: 'wallet_topup' } as const
    const settings = await operator.merchants.updatePaymentSettings(merchant.id, change)
    expect(await operator.merchants.paymentSettings(merchant.id, { mode: 'live' })).toEqual(settings)
    expect(await operator.merchants.paymentSettings(merchant.id)).toMatchObject({ knownCustomers: 'payment' })
    expect((await operator.merchants.close(merchant.id)).closedAt).not.toBeNull()
    expect((await operator.merchants.reopen(merchant.id)).closedAt).toBeNull()
    expect(await mteja.merchants.own()).toMatchObject({ closedAt: null })
    const ids = await Array.fromAsync(operator.merchants.list(), ({ id }) => id)
    expect(ids).toContain(merchant.id)
    const { kid } = await operator.merchants.rotateSigningKey()
    const [rotation] = await Array.fromAsync(
      operator.merchants.operatorAudit({ action: 'rotateSigningKey', object: kid }),
    )
    expect(rotation).toMatchObject({ object: kid, after: { signsWith: kid }, by: { kind: 'operator' } })
  })

  test('the operator verifies the books and exports them, as either kind of lines', async () => {
    await customerWith(700)
    const seen: number[] = []
    const found = await operator.ledger.verify(({ done }) => seen.push(done))
    expect(found).toMatchObject({ isSound: true, entries: expect.any(Number) })
    expect(seen.length).toBeGreaterThan(1)

    const { id: merchant } = await operator.merchants.create({ name: 'Empty', currencies: ['ZAR'] })
    const csv = await new Response(await operator.ledger.export({ merchant, format: 'csv' })).text()
    expect(csv).toMatch(/^merchant,mode,createdAt,[\w,]+\r\n$/)
    const [line = ''] = (await new Response(await operator.ledger.export()).text()).split('\n')
    expect(JSON.parse(line)).toMatchObject({ amount: expect.any(Number), balanceAfter: expect.any(Number) })
    await expect(operator.ledger.export({ merchant: 'mer_none' })).rejects.toBeInstanceOf(NotFoundError)
    await expect(mteja.ledger.export()).rejects.toBeInstanceOf(AuthenticationError)
  })
})

/** The server also has this route under a newer path, which the client calls. */
const left = new Set(['POST /customer/deactivate_authorization'])

test('every operation of the server is called by a test', async () => {
  const missing: string[] = []
  for (const name of ['cashful', 'paystack', 'mteja']) {
    const document = await (await fetch(`${baseUrl}/docs/${name}.json`)).json()
    for (const [path, methods] of Object.entries(document.paths as Record<string, object>)) {
      const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)
      for (const method of Object.keys(methods).map((each) => each.toUpperCase())) {
        const isCalled = [...called].some(
          (each) => each.startsWith(`${method} `) && pattern.test(each.split(' ')[1] ?? ''),
        )
        if (!isCalled && !left.has(`${method} ${path}`)) missing.push(`${method} ${path}`)
      }
    }
  }
  expect(missing).toEqual([])
})
