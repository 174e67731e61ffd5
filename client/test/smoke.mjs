// Uses the installed package as a user does, in any runtime. The arguments are the server's address and a key.
import {
  CashfulClient,
  MtejaClient,
  NotFoundError,
  PaystackClient,
  toDecimal,
  verifyPaystackWebhook,
} from '@mteja/client'

/** @param {string} baseUrl @param {string} key */
export async function smoke(baseUrl, key) {
  const cashful = new CashfulClient({ baseUrl, token: key })
  const customer = await cashful.customers.create({
    phoneNumber: '+27821234567',
    email: `ada${Math.random()}@example.com`,
  })
  const mteja = new MtejaClient({ baseUrl, token: key })
  await mteja.sandbox.payIn({ customerId: customer.id, amount: 5000n })
  await cashful.purchases.create({ customerId: customer.id, productId: 'airtime', amount: 50, currency: 'ZAR' })
  const amounts = []
  for await (const { amount } of cashful.customers.transactions(customer.id, { limit: 1 })) amounts.push(amount)
  const paystack = new PaystackClient({ baseUrl, secretKey: key })
  const { total_transactions } = await paystack.customers.fetch(customer.email ?? '')
  const isMissing = await cashful.customers.retrieve('CUS_nobody').catch((error) => error instanceof NotFoundError)
  const forged = { body: '{}', headers: { 'x-paystack-signature': '00' }, secrets: 'x' }
  const isForged = await verifyPaystackWebhook(forged).catch((error) => error.name === 'SignatureError')
  return JSON.stringify({ amounts, total_transactions, isMissing, isForged, shown: toDecimal(4950, 'ZAR') })
}
