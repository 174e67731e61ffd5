import '../../server/preload.mjs'
import { createPaystack } from '@alexasomba/paystack-node'
import { Paystack as OfficialSdk } from '@paystack/paystack-sdk'
import PayStackNode from 'paystack-node'
import PaystackSdk from 'paystack-sdk'
import { describe, expect, test } from 'vitest'
import { MtejaClient } from '../../client/src/index.ts'
import { useMerchant } from '../src/merchant.ts'
import { expectAnswer } from './answers.ts'
import { newEmail } from './fixtures.ts'
import type { DisputeOperation } from './operations.ts'
import { type Refusal, refusals } from './refusals.ts'

type Input = Record<string, unknown>

/** The calls about disputes of one client, each resolving or rejecting exactly as the client does. */
interface DisputeCalls {
  list(transaction: number): Promise<unknown>
  fetch?(id: number): Promise<unknown>
  ofTransaction?(id: number): Promise<unknown>
  update?(id: number, body: Input): Promise<unknown>
  evidence?(id: number, body: Input): Promise<unknown>
  resolve?(id: number, body: Input): Promise<unknown>
  export?(): Promise<unknown>
}

interface DisputesClient {
  /** Its name on npm. */
  name: string
  /** The client's own method for each operation it offers. */
  methods: Partial<Record<DisputeOperation, string>>
  /** Makes a new client for each call, because some clients share the last key among all their instances. */
  connect(key: string): DisputeCalls
  /** The body of a success, from the value that a call resolves to. */
  readBody(result: unknown): unknown
  /** Fails unless the call ends the way a caller of this client sees a refusal. */
  expectRefusal(call: Promise<unknown>, refusal: Refusal): Promise<void>
}

const merchant = useMerchant()

type Method = (...input: unknown[]) => Promise<unknown>

const official: DisputesClient = {
  name: '@paystack/paystack-sdk',
  methods: {
    listDisputes: 'list',
    fetchDispute: 'fetch',
    fetchDisputeOfTransaction: 'transaction',
    updateDispute: 'update',
    addEvidence: 'evidence',
    resolveDispute: 'resolve',
    exportDisputes: 'download',
  },
  connect: (key) => {
    /** The SDK's own types end at an index signature. */
    const { dispute } = new OfficialSdk(key) as unknown as Record<
      'dispute',
      Record<'list' | 'fetch' | 'transaction' | 'update' | 'evidence' | 'resolve' | 'download', Method>
    >
    return {
      list: (transaction) => dispute.list({ transaction }),
      fetch: (id) => dispute.fetch({ id }),
      ofTransaction: (id) => dispute.transaction({ id }),
      update: (id, body) => dispute.update({ id, ...body }),
      evidence: (id, body) => dispute.evidence({ id, ...body }),
      resolve: (id, body) => dispute.resolve({ id, ...body }),
      export: () => dispute.download({}),
    }
  },
  readBody: (result) => result,
  // The client never reads the HTTP status. Of a body it keeps only status, message and data.
  expectRefusal: async (call, { body: { status, message } }) => expect(await call).toEqual({ status, message }),
}

const sdk: DisputesClient = {
  name: 'paystack-sdk',
  methods: {
    listDisputes: 'list',
    fetchDispute: 'fetch',
    fetchDisputeOfTransaction: 'listTransactionDisputes',
    updateDispute: 'update',
    addEvidence: 'addEvidence',
    resolveDispute: 'resolve',
    exportDisputes: 'export',
  },
  connect: (key) => {
    /** The client's types require members that Paystack does not require. */
    const { dispute } = new PaystackSdk(key) as unknown as Record<'dispute', Record<string, Method>>
    const call = (name: string, ...input: unknown[]) => (dispute[name] as Method).apply(dispute, input)
    return {
      list: (transaction) => call('list', { transaction }),
      fetch: (id) => call('fetch', String(id)),
      ofTransaction: (id) => call('listTransactionDisputes', String(id)),
      update: (id, body) => call('update', String(id), body),
      evidence: (id, body) => call('addEvidence', String(id), body),
      resolve: (id, body) => call('resolve', String(id), body),
      export: () => call('export', {}),
    }
  },
  readBody: (result) => result,
  expectRefusal: (call, { status, body }) =>
    expect(call).rejects.toMatchObject({ name: 'PaystackHttpError', status, body }),
}

const alexasomba: DisputesClient = {
  name: '@alexasomba/paystack-node',
  methods: {
    listDisputes: 'dispute_list',
    fetchDispute: 'dispute_fetch',
    fetchDisputeOfTransaction: 'dispute_transaction',
    updateDispute: 'dispute_update',
    addEvidence: 'dispute_evidence',
    resolveDispute: 'dispute_resolve',
    exportDisputes: 'dispute_download',
  },
  connect: (key) => {
    const paystack = createPaystack({ secretKey: key, baseUrl: merchant.url })
    const of = (id: number) => ({ params: { path: { id: id as never } } })
    return {
      list: (transaction) => paystack.dispute_list({ params: { query: { transaction } as never } }),
      fetch: (id) => paystack.dispute_fetch(of(id)),
      ofTransaction: (id) => paystack.dispute_transaction(of(id)),
      update: (id, body) => paystack.dispute_update({ ...of(id), body: body as never }),
      evidence: (id, body) => paystack.dispute_evidence({ ...of(id), body: body as never }),
      resolve: (id, body) => paystack.dispute_resolve({ ...of(id), body: body as never }),
      export: () => paystack.dispute_download(),
    }
  },
  readBody: (result) => (result as { data: unknown }).data,
  expectRefusal: async (call, { status, body }) =>
    expect(await call).toMatchObject({ error: body, response: { status } }),
}

const node: DisputesClient = {
  name: 'paystack-node',
  methods: { listDisputes: 'listDisputes' },
  connect: (key) => {
    const paystack = new PayStackNode(key)
    paystack.mergeNewOptions({ baseUrl: merchant.url })
    return { list: (transaction) => paystack.listDisputes({ transaction }) }
  },
  readBody: (result) => (result as { body: unknown }).body,
  // The client loses the server's message.
  expectRefusal: (call, { status }) =>
    expect(call).rejects.toMatchObject({ name: 'PayStackAPIError', message: expect.stringContaining(`(${status})`) }),
}

/** A disputed payment of NGN 200. Answers its number and that of the dispute. */
async function dispute(): Promise<{ id: number; transaction: number }> {
  const headers = { authorization: `Bearer ${merchant.key}`, 'content-type': 'application/json' }
  const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
  const body = JSON.stringify({ email: newEmail(), amount: 20000, currency: 'NGN', card })
  const paid = (await (await fetch(`${merchant.url}/charge`, { method: 'POST', headers, body })).json()) as {
    data: { id: number; reference: string }
  }
  const { id: transaction, reference } = paid.data
  await new MtejaClient({ baseUrl: merchant.url, token: merchant.key }).sandbox.dispute({
    reference,
    reason: 'Not mine',
  })
  const listed = (await (await fetch(`${merchant.url}/dispute?transaction=${transaction}`, { headers })).json()) as {
    data: { id: number }[]
  }
  return { id: listed.data[0]?.id ?? 0, transaction }
}

describe.each([official, sdk, alexasomba, node])('$name', (client) => {
  const calls = () => client.connect(merchant.key)
  const read = async (call: Promise<unknown> | undefined) => client.readBody(await call)
  const describeOperation = (operation: DisputeOperation, tests: () => void) => {
    const method = client.methods[operation]
    if (method) describe(method, { meta: { client: client.name, operation, method } }, tests)
  }
  const refused = (call: Promise<unknown> | undefined, refusal: Refusal) =>
    client.expectRefusal(call as Promise<unknown>, refusal)

  describeOperation('listDisputes', () => {
    test(`${client.name}: the disputes of a transaction are listed`, async () => {
      const { id, transaction } = await dispute()
      const body = await read(calls().list(transaction))
      expectAnswer('disputes', body)
      expect(body).toMatchObject({ data: [{ id, transaction: { id: transaction }, refund_amount: 20000 }] })
    })
  })

  describeOperation('fetchDispute', () => {
    test(`${client.name}: a dispute is fetched by its id`, async () => {
      const { id } = await dispute()
      const body = await read(calls().fetch?.(id))
      expectAnswer('fetchedDispute', body)
      expect(body).toMatchObject({ data: { id, status: 'awaiting-merchant-feedback' } })
      await refused(calls().fetch?.(999_999_999), refusals.unknownDispute)
    })
  })

  describeOperation('fetchDisputeOfTransaction', () => {
    test(`${client.name}: a dispute is found by its transaction`, async () => {
      const { id, transaction } = await dispute()
      const body = await read(calls().ofTransaction?.(transaction))
      expectAnswer('disputeOfTransaction', body)
      expect(body).toMatchObject({ data: { id } })
    })
  })

  describeOperation('updateDispute', () => {
    test(`${client.name}: the amount of a dispute is changed, to no more than the whole`, async () => {
      const { id } = await dispute()
      const body = await read(calls().update?.(id, { refund_amount: 5000 }))
      expectAnswer('updatedDispute', body)
      expect(body).toMatchObject({ data: [{ id, refund_amount: 5000 }] })
      await refused(calls().update?.(id, { refund_amount: 20100 }), refusals.tooMuchDisputed)
    })
  })

  describeOperation('addEvidence', () => {
    test(`${client.name}: evidence is added to a dispute`, async () => {
      const { id } = await dispute()
      const given = {
        customer_email: 'cus@example.com',
        customer_name: 'Mensah King',
        customer_phone: '0802345167',
        service_details: 'claim for buying product',
      }
      const body = await read(calls().evidence?.(id, given))
      expectAnswer('evidence', body)
      expect(body).toMatchObject({ data: { ...given, dispute: id } })
    })
  })

  describeOperation('resolveDispute', () => {
    test.each(['merchant-accepted', 'declined'])(`${client.name}: a dispute is resolved as %s`, async (resolution) => {
      const { id } = await dispute()
      const answer = { resolution, message: 'Done', refund_amount: 20000, uploaded_filename: 'a.pdf' }
      const body = await read(calls().resolve?.(id, answer))
      expectAnswer('resolvedDispute', body)
      expect(body).toMatchObject({ data: { id, status: 'resolved', resolution } })
    })
  })

  describeOperation('exportDisputes', () => {
    test(`${client.name}: disputes are exported by a link`, async () => {
      const { id } = await dispute()
      const body = await read(calls().export?.())
      expectAnswer('exported', body)
      const { path } = (body as { data: { path: string } }).data
      expect(await (await fetch(path)).text()).toContain(`\n${id},awaiting-merchant-feedback,`)
    })
  })
})
