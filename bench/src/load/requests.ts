import { createHash, randomUUID } from 'node:crypto'
import type { HttpJob } from './job.ts'

/** The code of the i-th customer, counted from 1, of a database that fill.ts has filled. */
export function customerCode(i: number): string {
  return `CUS_${createHash('md5').update(String(i)).digest('hex').slice(0, 15)}`
}

/** Whether the i-th of so many customers is denied: ten of them are, for a list that asks for these. */
function isDenied(i: number, customers: number): boolean {
  return i % deniedEvery(customers) === 5
}

/** Of so many customers next to each other one is denied. */
export function deniedEvery(customers: number): number {
  return Math.max(1, Math.floor(customers / 10))
}

export const transfersPerBatch = 1000

/** Answers a function that renders the next request. */
export function requestMaker(job: HttpJob): () => string {
  const numbers = Array.from({ length: job.customers }, (_, i) => i + 1)
  const codes = numbers.filter((i) => !isDenied(i, job.customers)).map(customerCode)
  const one = () => codes[Math.floor(Math.random() * codes.length)] as string
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${job.bearer}\r\n\r\n`
  const postHead = (path: string) =>
    `POST ${path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${job.bearer}\r\ncontent-type: application/json\r\n`
  const post = (head: string, body: object) => {
    const text = JSON.stringify(body)
    return `${head}idempotency-key: ${randomUUID()}\r\ncontent-length: ${text.length}\r\n\r\n${text}`
  }
  const transfer = () => {
    const fromCustomerId = one()
    let toCustomerId = one()
    while (toCustomerId === fromCustomerId) toCustomerId = one()
    return { fromCustomerId, toCustomerId, amount: 1 + Math.floor(Math.random() * 100), currency: 'ZAR' }
  }

  switch (job.kind) {
    case 'transfer': {
      const head = postHead('/api/canary/transfers')
      return () => post(head, transfer())
    }
    case 'payout': {
      const head = postHead('/v1/payouts')
      return () => post(head, payout(one()))
    }
    case 'purchase': {
      const head = postHead('/api/canary/purchases')
      return () => post(head, { customerId: one(), productId: 'airtime', amount: 5, currency: 'ZAR' })
    }
    case 'batch': {
      const head = postHead('/v1/transfers/batch')
      return () => post(head, { transfers: Array.from({ length: transfersPerBatch }, transfer) })
    }
    case 'createCustomer': {
      const head = postHead('/api/canary/customers')
      return () => post(head, newCustomer())
    }
    case 'getCustomer':
      return () => get(`/api/canary/customers/${one()}`)
    case 'getBalance':
      return () => get(`/api/canary/customers/${one()}/balance`)
    case 'path': {
      const request = get(job.path ?? '/')
      return () => request
    }
  }
}

/** To one of a thousand accounts, so that most have been paid out to before. */
function payout(customerId: string) {
  const accountNumber = String(2_000_000_000 + Math.floor(Math.random() * 1000))
  const destination = { type: 'bank_account', bankCode: '058', accountNumber, accountName: 'Thandi Nkosi' }
  return { customerId, amount: 5, currency: 'ZAR', destination, reference: randomUUID() }
}

/** As large as the customers that baseline.sql inserts. */
function newCustomer() {
  const number = String(Math.floor(Math.random() * 1e7)).padStart(7, '0')
  return {
    phoneNumber: `+2782${number}`,
    email: `c${randomUUID()}@example.com`,
    name: `Thandi Nkosi ${number}`,
    metadata: { source: 'bench' },
  }
}
