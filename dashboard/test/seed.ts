import { CashfulClient, type Mteja, MtejaClient, PaystackClient } from '../../client/src/index.ts'

export interface Seed {
  /** A key of each role. That of finance belongs to Ben Okoro, who approves what the owner asks for. */
  keys: Record<'viewer' | 'support' | 'finance' | 'developer' | 'owner', string>
  ada: string
  thandi: string
  cashful: CashfulClient
  paystack: PaystackClient
  mteja: MtejaClient
}

/** A name that would run if it were ever taken for markup. */
export const hostileName = '<img src=x onerror=alert(1)> <b>bold</b>'

/** A merchant with customers, money, holds, refunds, and webhooks to an endpoint that is not there. */
export async function seed(server: { baseUrl: string; adminKey: string }, customers = 40): Promise<Seed> {
  const { baseUrl } = server
  const operator = new MtejaClient({ baseUrl, token: server.adminKey })
  const merchant = await operator.merchants.create({
    name: 'Lipa Ltd',
    country: 'ZA',
    currencies: ['ZAR', 'USD', 'XOF'],
  })
  const makeKey = async (role: keyof Seed['keys'], personId?: string) =>
    (
      await operator.merchants.createApiKey(merchant.id, {
        role,
        name: `${role} of the tests`,
        ...(personId && { personId }),
      })
    ).secret
  const owner = await makeKey('owner')
  const mteja = new MtejaClient({ baseUrl, token: owner })
  const cashful = new CashfulClient({ baseUrl, token: owner })
  const paystack = new PaystackClient({ baseUrl, secretKey: owner })
  const person = await mteja.people.create({ name: 'Lindiwe Nkosi', email: 'lindiwe@example.com' })
  const second = await mteja.people.create({ name: 'Ben Okoro', email: 'ben@example.com' })
  const [viewer, support, finance, developer] = await Promise.all([
    makeKey('viewer'),
    makeKey('support', person.id),
    makeKey('finance', second.id),
    makeKey('developer'),
  ])
  await mteja.webhookEndpoints.create({ url: 'http://127.0.0.1:9/hooks' })
  const names = ['Thabo', 'Amina', 'Chinedu', 'Zanele', 'Kofi', 'Wanjiru', 'Sipho', 'Fatou', 'Ngũgĩ', 'O’Brien']
  for (let at = 0; at < customers; at++) {
    const name = `${names[at % names.length]} ${names[(at * 7 + 3) % names.length]} ${at}`
    const phoneNumber = `+2782${String(1_000_000 + at * 7919).padStart(7, '0')}`
    await cashful.customers.create({ name, phoneNumber, email: `customer${at}@example.com`, metadata: { number: at } })
  }
  await cashful.customers.create({
    name: hostileName,
    email: 'hostile@example.com',
    metadata: { '<script>alert(1)</script>': '"><svg onload=alert(1)>' },
  })
  const thandi = (await cashful.customers.create({ name: 'Thandi Nkosi', phoneNumber: '+27831112222', metadata: {} }))
    .id
  const metadata = { branch: 'Soweto', tier: 'gold', loyalty: { points: 120 } }
  const ada = (
    await cashful.customers.create({ name: 'Ada Obi', phoneNumber: '+27821234567', email: 'ada@example.com', metadata })
  ).id
  await spend({ cashful, mteja, ada, thandi })
  return { keys: { viewer, support, finance, developer, owner }, ada, thandi, cashful, paystack, mteja }
}

async function spend({
  cashful,
  mteja,
  ada,
  thandi,
}: Pick<Seed, 'cashful' | 'mteja' | 'ada' | 'thandi'>): Promise<void> {
  const currency = 'ZAR'
  const movements: (() => Promise<unknown>)[] = [
    () => mteja.sandbox.payIn({ customerId: ada, amount: 100_000, currency, description: 'Salary' }),
    () => mteja.sandbox.payIn({ customerId: thandi, amount: 50_000, currency }),
    () => mteja.sandbox.payIn({ customerId: ada, amount: 1_200, currency: 'USD' }),
    () => cashful.purchases.create({ customerId: ada, productId: 'airtime', amount: 5_000, currency }),
    () =>
      cashful.transfers.create({
        fromCustomerId: thandi,
        toCustomerId: ada,
        amount: 25_000,
        currency,
        description: 'Lunch',
      }),
    () => cashful.transfers.create({ fromCustomerId: ada, toCustomerId: thandi, amount: 1_250, currency }),
    () => mteja.payIns.record({ customerId: ada, amount: 25_000, currency, source: 'cash', reference: 'counter-17' }),
    () =>
      mteja.adjustments.make({
        customerId: ada,
        amount: 700,
        currency,
        direction: 'debit',
        reason: 'Typing error of 3 March',
        reference: 'adj-1',
      }),
    () => mteja.holds.place({ customerId: ada, amount: 25_000, currency, description: 'Deposit for a bicycle' }),
  ]
  for (const move of movements) await move()
  const purchase = await cashful.purchases.create({
    customerId: ada,
    productId: 'electricity',
    amount: 30_000,
    currency,
  })
  await mteja.refunds.create({ transactionId: purchase.id, amount: 10_000, reason: 'The meter was wrong' })
  const taken: Mteja.Hold = await mteja.holds.place({ customerId: ada, amount: 4_000, currency, description: 'Taxi' })
  await mteja.holds.capture(taken.id, { amount: 3_500, final: true })
}

/** A dispute, limits, and payouts of Ada in many states: paid, refused, at the processor, back, short of funds, waiting for a second person. */
export async function seedMore({ mteja, paystack, ada }: Seed): Promise<void> {
  const { authorizationCode } = await mteja.sandbox.createPaymentMethod({ customerId: ada, type: 'card' })
  const charge = { email: 'ada@example.com', amount: 5_000, currency: 'ZAR', authorization_code: authorizationCode }
  const { reference } = await paystack.transactions.chargeAuthorization(charge)
  await mteja.sandbox.dispute({ reference, reason: 'I did not make this payment', amount: 3_000 })
  await mteja.approvals.updateSettings({ limits: [{ currency: 'ZAR', amountOver: 9_000 }] })
  const numbers = ['6200112233', '0000000002', '0000000008', '0000000003', '0000000004', '0000000010', '6200445566']
  for (const [at, accountNumber] of numbers.entries()) {
    await mteja.payouts.create({
      customerId: ada,
      amount: at === 6 ? 12_000 : 1_000 + at * 150,
      currency: 'ZAR',
      destination: { type: 'bank_account', bankCode: '250655', accountNumber, accountName: 'ADA OBI' },
      reference: `rent-${at}`,
      reason: 'Rent',
    })
  }
  await mteja.adjustments.make({
    customerId: ada,
    amount: 15_000,
    currency: 'ZAR',
    direction: 'credit',
    reason: 'Goodwill for a late delivery',
    reference: 'ticket-4711',
  })
}
