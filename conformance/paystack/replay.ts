import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { PaystackClient } from '../../client/src/index.ts'
import type { Merchant } from '../src/merchant.ts'
import { exchange, type WireRequest, type WireResponse } from '../src/wire.ts'
import { expectAnswer } from './answers.ts'
import { newEmail, saveCard } from './fixtures.ts'
import type { ReplayedOperation } from './operations.ts'
import type { AnswerName } from './shapes.ts'

/** The requests captured from one client. */
export interface RecordedClient {
  name: string
  /** Sent with every request, beside `Authorization`. */
  headers: Record<string, string>
  framing?: 'chunked'
  recordings: Recording[]
}

/**
 * One request as captured. `{code}`, `{id}`, `{newReference}` and the other names of `Made` in its target and body stand
 * for values. Every other byte is sent unchanged.
 */
export interface Recording {
  title: string
  /** Set for a client whose column in the table of clients is proved only by its recordings. */
  operation?: ReplayedOperation
  /** Method and target. */
  request: `${'GET' | 'POST' | 'PUT'} /${string}`
  body?: string
  answer: AnswerName
  /** Members that the answer's data must have besides the documented ones. */
  data?: object | ((made: Made) => object)
}

/** The values that a recording refers to, made anew for each replay. */
interface Made {
  id: number
  code: string
  /** With a `+` in it. */
  email: string
  encodedEmail: string
  /** The code of a card saved for the customer. */
  authorization: string
  /** An e-mail that no customer has yet. */
  newEmail: string
  /** The reference and the id of a transaction in which the customer paid 50 XOF. */
  reference: string
  transactionId: number
  /** A reference that no transaction has yet. */
  newReference: string
}

/** A customer named Ada Obi with a phone number, metadata, a transaction and a card. */
export async function makeCustomer(merchant: Merchant): Promise<Made> {
  const email = newEmail()
  const paystack = new PaystackClient({ baseUrl: merchant.url, secretKey: merchant.key })
  const name = { first_name: 'Ada', last_name: 'Obi' }
  const body = { email, ...name, phone: '+2348012345678', metadata: { k: 1 } }
  const { id, customer_code: code } = await paystack.customers.create(body)
  const mobile_money = { phone: '0551234987', provider: 'mtn' }
  const paid = await paystack.charges.create({ email, amount: 5000, currency: 'XOF', mobile_money })
  const authorization = await saveCard(merchant, code)
  return {
    id,
    code,
    email,
    encodedEmail: encodeURIComponent(email),
    authorization,
    newEmail: newEmail(),
    reference: paid.reference,
    transactionId: (paid as { id: number }).id,
    newReference: randomUUID(),
  }
}

/** Sends each recording byte for byte, and compares its answer with the contract. */
export function testRecordedClient(merchant: Merchant, { name, recordings, ...client }: RecordedClient): void {
  describe(`${name}:`, () => {
    for (const { title, operation, answer, data, ...recording } of recordings) {
      test(`${name} gets the documented answer to ${title}`, {
        meta: operation ? { client: name, operation } : {},
      }, async () => {
        const made = await makeCustomer(merchant)
        const response = await exchange(merchant.url, fillIn(recording, made, { ...client, key: merchant.key }))
        expectWireAnswer(response, answer)
        if (data) expect(response.json).toMatchObject({ data: typeof data === 'function' ? data(made) : data })
      })
    }
  })
}

function fillIn(
  { request, body }: Pick<Recording, 'request' | 'body'>,
  made: Made,
  { key, headers, framing }: { key: string; headers: Record<string, string>; framing?: 'chunked' },
): WireRequest {
  const fill = (template: string) =>
    Object.entries(made).reduce((filled, [name, value]) => filled.replaceAll(`{${name}}`, String(value)), template)
  const [method = '', target = ''] = fill(request).split(' ')
  return {
    method,
    target,
    headers: { Authorization: `Bearer ${key}`, ...headers },
    ...(body === undefined ? {} : { body: fill(body) }),
    // An empty body is sent with the length 0, also by a client that sends other bodies in chunks.
    ...(framing && body ? { framing } : {}),
  }
}

const statuses: Partial<Record<AnswerName, number>> = { accepted: 202 }

/** Fails unless the response is the documented success, with its status and content type. */
export function expectWireAnswer({ status, headers, json }: WireResponse, name: AnswerName): void {
  expectAnswer(name, json)
  expect(status).toBe(statuses[name] ?? 200)
  expect(headers['content-type']).toMatch(/^application\/json/)
}
