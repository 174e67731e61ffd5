// Must compile, and each marked line must not compile without its mark. `tsc` checks this file; it is never executed.
import {
  CashfulClient,
  type CashfulEvent,
  type InsufficientFundsError,
  type List,
  MtejaClient,
  PaystackClient,
  type PaystackEvent,
  toMinorUnits,
  ValidationError,
} from '../src/index.ts'

interface Plan {
  plan: 'gold' | 'free'
  since?: string
}

const cashful = new CashfulClient<Plan>({ token: async () => 'jwt', baseUrl: 'http://localhost:9000' })
const paystack = new PaystackClient<Plan>({ secretKey: 'sk_test_x' })
const mteja = new MtejaClient({ token: 'sk_test_x' })

// The metadata in requests and answers is of the caller's type.
const customer = await cashful.customers.create({ phoneNumber: '+27821234567', metadata: { plan: 'gold' } })
const plan: 'gold' | 'free' = customer.metadata.plan
const fetched = await paystack.customers.fetch('a@b.co')
const maybe: Plan | null = fetched.metadata
// @ts-expect-error no such plan
await cashful.customers.create({ phoneNumber: '+27821234567', metadata: { plan: 'silver' } })
// An e-mail is enough.
await cashful.customers.create({ email: 'a@b.co' })
// @ts-expect-error neither can be changed through this API
await cashful.customers.update(customer.id, { phoneNumber: '+27' })
// A part of the metadata is enough, and null removes a member.
await cashful.customers.update(customer.id, { metadata: { since: null } })
// @ts-expect-error metadata can be null at Paystack
const certain: Plan = fetched.metadata

// Without a type of its own, metadata has unknown members of any name.
const anything: unknown = (await new CashfulClient({ token: 't' }).customers.retrieve('x')).metadata.whatever

// Amounts are numbers or bigints, never text.
const money = { fromCustomerId: 'a', toCustomerId: 'b', currency: 'ZAR' }
await cashful.transfers.create({ ...money, amount: 250 })
await cashful.transfers.create({ ...money, amount: toMinorUnits('2.50', 'ZAR') })
// @ts-expect-error text is no amount
await cashful.transfers.create({ ...money, amount: '250' })
// @ts-expect-error a float is how cents get lost
toMinorUnits(2.5, 'ZAR')

// A client has what its vendor has.
// @ts-expect-error Paystack has no balances
await paystack.customers.balance('x')
// @ts-expect-error Cashful's word is retrieve
await cashful.customers.fetch('x')
// @ts-expect-error the secret is missing
new PaystackClient({})
// @ts-expect-error Cashful's is called token
new CashfulClient({ secretKey: 'x' })

// Lists: by page with numbers or cursors, and by item.
const byPage = (await paystack.customers.list({ perPage: 10, from: new Date() }).page()).meta.pageCount
const byCursor = (await paystack.customers.list({ use_cursor: true }).page()).meta.next
// @ts-expect-error a page number is nothing to a cursor
paystack.customers.list({ use_cursor: true, page: 2 })
for await (const row of paystack.customers.list()) row.metadata?.plan
// @ts-expect-error rows have no authorizations; fetch the customer
for await (const row of paystack.customers.list()) row.authorizations
const statement: List<{ amount: number }, { openingBalance: number }> = mteja.customers.statement('x', {
  from: '2026-01-01',
  to: new Date(),
})
// @ts-expect-error a list is read, not awaited
;(await cashful.customers.list()).data

// The type of the answer to a confirmation depends on its request.
const intent = (await cashful.paymentIntents.confirm('pi')).status
const withCard = (await cashful.paymentIntents.confirm('pi', { evervaultEncryptedCard: { pAN: 'ev:…' } })).paymentIntent
// @ts-expect-error an intent is not within an intent
;(await cashful.paymentIntents.confirm('pi')).paymentIntent

// Risk actions and modes are closed.
// @ts-expect-error no such action
await paystack.customers.setRiskAction({ customer: 'x', risk_action: 'block' })
// @ts-expect-error no such mode
await mteja.merchants.createApiKey('x', { mode: 'prod' })

// Errors narrow by class.
export function handle(error: unknown): string {
  if (error instanceof ValidationError) return error.fields.map(({ field }) => field).join()
  // @ts-expect-error not known to be anything yet
  return error.message
}
export const isDoubtful = (error: InsufficientFundsError): boolean => error.isOutcomeUnknown

// Events narrow by name.
export function read(event: PaystackEvent): string {
  switch (event.event) {
    case 'customeridentification.failed':
      return event.data.reason
    case 'customeridentification.success':
      // @ts-expect-error a success has no reason
      return event.data.reason
    case 'charge.success':
      return event.data.reference
    default:
      return 'not ours'
  }
}
export function readCashful(event: CashfulEvent): string {
  if (event.type === 'transfer.completed') return event.data.toCustomerId
  // @ts-expect-error only a transfer is known to have it
  return event.data.toCustomerId.length
}

export const seen = [plan, maybe, certain, anything, byPage, byCursor, statement, intent, withCard]
