import '../../server/preload.mjs'
import { createPaystack } from '@alexasomba/paystack-node'
import { Paystack as OfficialSdk } from '@paystack/paystack-sdk'
import PaystackApi from 'paystack-api'
import PayStackNode from 'paystack-node'
import PaystackSdk from 'paystack-sdk'
import { beforeAll, describe, expect, test } from 'vitest'
import { useMerchant } from '../src/merchant.ts'
import { expectAnswer } from './answers.ts'
import { newEmail } from './fixtures.ts'
import type { TransferOperation } from './operations.ts'
import { type Refusal, refusals } from './refusals.ts'

type Input = Record<string, unknown>
type Method = (...input: unknown[]) => Promise<unknown>

interface TransfersClient {
  /** Its name on npm. */
  name: string
  /** The client's own method for each operation that it offers, and how a call of it is made. */
  operations: Partial<
    Record<TransferOperation, readonly [method: string, call: (key: string, input: Input) => Promise<unknown>]>
  >
  /** The body of a success, from the value that a call resolves to. */
  readBody(result: unknown): unknown
  /** Fails unless the call ends the way a caller of this client sees a refusal. */
  expectRefusal(call: Promise<unknown>, refusal: Refusal): Promise<void>
}

const merchant = useMerchant()

/** The SDK's own types end at an index signature. */
const officialOf = (key: string) =>
  new OfficialSdk(key) as unknown as Record<'transfer' | 'transferrecipient' | 'balance', Record<string, Method>>
const official = (part: 'transfer' | 'transferrecipient' | 'balance', method: string, name?: 'code') =>
  [
    method,
    (key: string, { code, ...input }: Input) => {
      const target = officialOf(key)[part]
      return (target[method] as Method).call(target, name === undefined ? input : { code, ...input })
    },
  ] as const

const officialClient: TransfersClient = {
  name: '@paystack/paystack-sdk',
  operations: {
    createRecipient: official('transferrecipient', 'create'),
    createRecipients: official('transferrecipient', 'bulk'),
    listRecipients: official('transferrecipient', 'list'),
    fetchRecipient: official('transferrecipient', 'fetch', 'code'),
    updateRecipient: official('transferrecipient', 'transferrecipientCodePut', 'code'),
    deleteRecipient: official('transferrecipient', 'transferrecipientCodeDelete', 'code'),
    initiateTransfer: official('transfer', 'initiate'),
    initiateTransfers: official('transfer', 'bulk'),
    finalizeTransfer: official('transfer', 'finalize'),
    listTransfers: official('transfer', 'list'),
    fetchTransfer: official('transfer', 'fetch', 'code'),
    verifyTransfer: official('transfer', 'verify'),
    exportTransfers: official('transfer', 'download'),
    resendOtp: official('transfer', 'resendOtp'),
    enableOtp: official('transfer', 'enableOtp'),
    disableOtp: official('transfer', 'disableOtp'),
    finalizeDisableOtp: official('transfer', 'disableOtpFinalize'),
    fetchBalance: official('balance', 'fetch'),
    listBalanceLedger: official('balance', 'ledger'),
  },
  readBody: (result) => result,
  // The client never reads the HTTP status. Of a body it keeps only status, message and data.
  expectRefusal: async (call, { body: { status, message } }) => expect(await call).toEqual({ status, message }),
}

/** The client's types require members that Paystack does not require. */
type SdkParts = Record<'recipient' | 'transfer', Record<string, Method>> & {
  transfer: { control: Record<string, Method> }
}
const sdk = (find: (parts: SdkParts) => Record<string, Method>, method: string, args: (input: Input) => unknown[]) =>
  [
    method,
    (key: string, input: Input) => {
      const target = find(new PaystackSdk(key) as unknown as SdkParts)
      return (target[method] as Method).apply(target, args(input))
    },
  ] as const
const recipientOf = ({ recipient }: SdkParts) => recipient
const transferOf = ({ transfer }: SdkParts) => transfer
const controlOf = ({ transfer }: SdkParts) => transfer.control

const sdkClient: TransfersClient = {
  name: 'paystack-sdk',
  operations: {
    createRecipient: sdk(recipientOf, 'create', (input) => [input]),
    createRecipients: sdk(recipientOf, 'create', ({ batch }) => [batch, true]),
    listRecipients: sdk(recipientOf, 'list', (input) => [input]),
    fetchRecipient: sdk(recipientOf, 'fetch', ({ code }) => [code]),
    updateRecipient: sdk(recipientOf, 'update', ({ code, ...input }) => [code, input]),
    deleteRecipient: sdk(recipientOf, 'delete', ({ code }) => [code]),
    initiateTransfer: sdk(transferOf, 'initiate', (input) => [input]),
    initiateTransfers: sdk(transferOf, 'bulk', (input) => [input]),
    finalizeTransfer: sdk(transferOf, 'finalize', ({ transfer_code, otp }) => [transfer_code, otp]),
    listTransfers: sdk(transferOf, 'list', (input) => [input]),
    fetchTransfer: sdk(transferOf, 'fetch', ({ code }) => [code]),
    // Its `verify` leaves a slash out of the address, and reaches no server.
    resendOtp: sdk(controlOf, 'resendOTP', (input) => [input]),
    enableOtp: sdk(controlOf, 'enableOTP', () => []),
    disableOtp: sdk(controlOf, 'disableOTP', () => []),
    finalizeDisableOtp: sdk(controlOf, 'finalizeDisableOTP', ({ otp }) => [otp]),
    fetchBalance: sdk(controlOf, 'balance', () => []),
    listBalanceLedger: sdk(controlOf, 'ledgerBalance', () => []),
  },
  readBody: (result) => result,
  expectRefusal: (call, { status, body }) =>
    expect(call).rejects.toMatchObject({ name: 'PaystackHttpError', status, body }),
}

const alexasomba = (method: string, where: 'body' | 'query' | 'code' | 'reference' | 'nothing') =>
  [
    method,
    (key: string, { code, ...input }: Input) => {
      const client = createPaystack({ secretKey: key, baseUrl: merchant.url }) as unknown as Record<string, Method>
      const inits = {
        body: { body: input },
        query: { params: { query: input } },
        code: { params: { path: { code } }, ...(Object.keys(input).length === 0 ? {} : { body: input }) },
        reference: { params: { path: input } },
        nothing: {},
      }
      return (client[method] as Method)(inits[where])
    },
  ] as const

const alexasombaClient: TransfersClient = {
  name: '@alexasomba/paystack-node',
  operations: {
    createRecipient: alexasomba('transferrecipient_create', 'body'),
    createRecipients: alexasomba('transferrecipient_bulk', 'body'),
    listRecipients: alexasomba('transferrecipient_list', 'query'),
    fetchRecipient: alexasomba('transferrecipient_fetch', 'code'),
    updateRecipient: alexasomba('transferrecipient_update', 'code'),
    deleteRecipient: alexasomba('transferrecipient_delete', 'code'),
    initiateTransfer: alexasomba('transfer_initiate', 'body'),
    initiateTransfers: alexasomba('transfer_bulk', 'body'),
    finalizeTransfer: alexasomba('transfer_finalize', 'body'),
    listTransfers: alexasomba('transfer_list', 'query'),
    fetchTransfer: alexasomba('transfer_fetch', 'code'),
    verifyTransfer: alexasomba('transfer_verify', 'reference'),
    exportTransfers: alexasomba('transfer_exportTransfer', 'query'),
    resendOtp: alexasomba('transfer_resendOtp', 'body'),
    enableOtp: alexasomba('transfer_enableOtp', 'nothing'),
    disableOtp: alexasomba('transfer_disableOtp', 'nothing'),
    finalizeDisableOtp: alexasomba('transfer_disableOtpFinalize', 'body'),
    fetchBalance: alexasomba('balance_fetch', 'nothing'),
    listBalanceLedger: alexasomba('balance_ledger', 'query'),
  },
  readBody: (result) => (result as { data: unknown }).data,
  expectRefusal: async (call, { status, body }) =>
    expect(await call).toMatchObject({ error: body, response: { status } }),
}

type ApiPart = 'transfer' | 'transfer_control' | 'transfer_recipient'
const api = (part: ApiPart, method: string, args: (input: Input) => unknown[] = (input) => [input]) =>
  [
    method,
    (key: string, input: Input) => {
      const paystack = new PaystackApi(key)
      paystack.endpoint = merchant.url
      return (paystack[part][method] as Method)(...args(input))
    },
  ] as const

const apiClient: TransfersClient = {
  name: 'paystack-api',
  operations: {
    createRecipient: api('transfer_recipient', 'create'),
    listRecipients: api('transfer_recipient', 'list'),
    updateRecipient: api('transfer_recipient', 'update', ({ code, ...input }) => [{ recipient_code: code, ...input }]),
    deleteRecipient: api('transfer_recipient', 'remove', ({ code }) => [{ recipient_code: code }]),
    initiateTransfer: api('transfer', 'create'),
    initiateTransfers: api('transfer', 'bulkTransfer'),
    listTransfers: api('transfer', 'list'),
    fetchTransfer: api('transfer', 'get', ({ code }) => [{ id: code }]),
    verifyTransfer: api('transfer', 'verify'),
    resendOtp: api('transfer_control', 'resendOTP'),
    enableOtp: api('transfer_control', 'enableOTP'),
    disableOtp: api('transfer_control', 'disableOTP'),
    finalizeDisableOtp: api('transfer_control', 'finalizeDisableOTP'),
    fetchBalance: api('transfer_control', 'balance'),
  },
  readBody: (result) => result,
  expectRefusal: (call, { status, body }) =>
    expect(call).rejects.toMatchObject({ name: 'StatusCodeError', statusCode: status, error: body }),
}

type NodeMethod = keyof InstanceType<typeof PayStackNode> & string
const node = (method: NodeMethod, args: (input: Input) => Input = (input) => input) =>
  [
    method,
    (key: string, input: Input) => {
      const paystack = new PayStackNode(key)
      paystack.mergeNewOptions({ baseUrl: merchant.url })
      return (paystack[method] as Method)(args(input))
    },
  ] as const
const byCode = ({ code, ...input }: Input) => ({ recipient_code_or_id: code, ...input })

const nodeClient: TransfersClient = {
  name: 'paystack-node',
  operations: {
    createRecipient: node('createTransferRecipient'),
    listRecipients: node('listTransferRecipients'),
    updateRecipient: node('updateTransferRecipient', byCode),
    deleteRecipient: node('deleteTransferRecipient', byCode),
    initiateTransfer: node('initiateTransfer'),
    finalizeTransfer: node('finalizeTransfer'),
    listTransfers: node('listTransfers'),
    fetchTransfer: node('fetchTransfer', ({ code }) => ({ id_or_code: code })),
  },
  readBody: (result) => (result as { body: unknown }).body,
  // The client loses the server's message.
  expectRefusal: (call, { status }) =>
    expect(call).rejects.toMatchObject({ name: 'PayStackAPIError', message: expect.stringContaining(`(${status})`) }),
}

async function ask(method: string, path: string, body?: object): Promise<Input> {
  const headers = { authorization: `Bearer ${merchant.key}`, 'content-type': 'application/json' }
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const answer = await fetch(`${merchant.url}${path}`, { method, headers, ...sent })
  return (await answer.json()) as Input
}

const account = { type: 'nuban', name: 'Tolu Robert', bank_code: '058', currency: 'NGN' }
let accounts = 0
const newAccount = () => ({ ...account, account_number: `01${String(++accounts).padStart(8, '0')}` })
async function newRecipient(): Promise<string> {
  const { data } = await ask('POST', '/transferrecipient', newAccount())
  return (data as { recipient_code: string }).recipient_code
}
let references = 0
const newReference = () => `wages-2026-${++references}`
async function newTransfer() {
  const body = { source: 'balance', amount: 10_000, recipient: await newRecipient(), reference: newReference() }
  const { data } = await ask('POST', '/transfer', body)
  return data as { id: number; transfer_code: string; reference: string; status: string }
}

beforeAll(async () => {
  const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
  await ask('POST', '/charge', { email: newEmail(), amount: 5_000_000, currency: 'NGN', card })
})

describe.each([officialClient, sdkClient, alexasombaClient, apiClient, nodeClient])('$name', (client) => {
  const describeOperation = (
    operation: TransferOperation,
    tests: (call: (input?: Input) => Promise<unknown>) => void,
  ) => {
    const [method, call] = client.operations[operation] ?? []
    if (method === undefined || call === undefined) return
    describe(`${method} (${operation})`, { meta: { client: client.name, operation, method } }, () =>
      tests((input = {}) => call(merchant.key, input)),
    )
  }
  const read = async (call: Promise<unknown>) => client.readBody(await call)

  describeOperation('createRecipient', (call) => {
    test(`${client.name}: a recipient is created, and the same account is the same recipient`, async () => {
      const given = newAccount()
      const body = await read(call(given))
      expectAnswer('madeRecipient', body)
      const { data } = body as { data: { recipient_code: string } }
      expect(data).toMatchObject({ name: 'Tolu Robert', details: { account_number: given.account_number } })
      expect(await read(call(given))).toMatchObject({ data: { recipient_code: data.recipient_code } })
      await client.expectRefusal(call({ ...given, bank_code: '000' }), refusals.unknownBank)
    })
  })

  describeOperation('createRecipients', (call) => {
    test(`${client.name}: recipients are created in bulk, each with its own answer`, async () => {
      const body = await read(call({ batch: [newAccount(), { ...newAccount(), account_number: '1' }] }))
      expectAnswer('addedRecipients', body)
      expect(body).toMatchObject({
        data: { success: [{ type: 'nuban' }], errors: [{ message: 'Account number is invalid' }] },
      })
    })
  })

  describeOperation('listRecipients', (call) => {
    test(`${client.name}: recipients are listed, newest first`, async () => {
      const recipient_code = await newRecipient()
      const body = await read(call({ perPage: 1, page: 1 }))
      expectAnswer('recipients', body)
      expect(body).toMatchObject({ data: [{ recipient_code }] })
    })
  })

  describeOperation('fetchRecipient', (call) => {
    test(`${client.name}: a recipient is fetched by its code`, async () => {
      const code = await newRecipient()
      const body = await read(call({ code }))
      expectAnswer('fetchedRecipient', body)
      expect(body).toMatchObject({ data: { recipient_code: code } })
      await client.expectRefusal(call({ code: 'RCP_nobody' }), refusals.unknownRecipient)
    })
  })

  describeOperation('updateRecipient', (call) => {
    test(`${client.name}: the name and the e-mail of a recipient are changed`, async () => {
      const code = await newRecipient()
      const change = { name: 'Rick Sanchez', email: newEmail() }
      const body = await read(call({ code, ...change }))
      expect(body).toMatchObject({ status: true, message: 'Recipient updated' })
      expect(await ask('GET', `/transferrecipient/${code}`)).toMatchObject({ data: change })
    })
  })

  describeOperation('deleteRecipient', (call) => {
    test(`${client.name}: a recipient is set as inactive`, async () => {
      const code = await newRecipient()
      expectAnswer('deletedRecipient', await read(call({ code })))
      expect(await ask('GET', `/transferrecipient/${code}`)).toMatchObject({ data: { active: false } })
    })
  })

  describeOperation('initiateTransfer', (call) => {
    test(`${client.name}: a transfer is made, and its reference is burnt`, async () => {
      const recipient = await newRecipient()
      const given = { source: 'balance', reason: 'Wages', amount: 10_000, recipient, reference: newReference() }
      const body = await read(call(given))
      expectAnswer('madeTransfer', body)
      expect(body).toMatchObject({ data: { status: 'success', amount: 10_000, reference: given.reference } })
      await client.expectRefusal(call(given), refusals.duplicateTransfer)
      const dear = { ...given, amount: 900_000_000, reference: newReference() }
      await client.expectRefusal(call(dear), refusals.shortOfFunds)
    })
  })

  describeOperation('initiateTransfers', (call) => {
    test(`${client.name}: many transfers are made at once`, async () => {
      const transfers = [
        { amount: 10_000, recipient: await newRecipient(), reference: newReference(), reason: 'Wages' },
        { amount: 20_000, recipient: await newRecipient(), reference: newReference(), reason: 'Wages' },
      ]
      const body = await read(call({ source: 'balance', currency: 'NGN', transfers }))
      expectAnswer('queuedTransfers', body)
      expect(body).toMatchObject({ data: transfers.map(({ reason: _, ...each }) => ({ ...each, status: 'success' })) })
    })
  })

  describeOperation('finalizeTransfer', (call) => {
    test(`${client.name}: a transfer goes on with the one-time password`, async () => {
      await ask('POST', '/transfer/enable_otp')
      const { transfer_code, status } = await newTransfer()
      await ask('POST', '/transfer/disable_otp_finalize', { otp: '123456' })
      expect(status).toBe('otp')
      const body = await read(call({ transfer_code, otp: '123456' }))
      expectAnswer('madeTransfer', body)
      expect(body).toMatchObject({ data: { transfer_code, status: 'success' } })
    })
  })

  describeOperation('listTransfers', (call) => {
    test(`${client.name}: transfers are listed, newest first`, async () => {
      const { id } = await newTransfer()
      const body = await read(call({ perPage: 1, page: 1 }))
      expectAnswer('transfers', body)
      expect(body).toMatchObject({ data: [{ id, recipient: { type: 'nuban' } }] })
    })
  })

  describeOperation('fetchTransfer', (call) => {
    test(`${client.name}: a transfer is fetched by its code`, async () => {
      const { id, transfer_code: code } = await newTransfer()
      const body = await read(call({ code }))
      expectAnswer('fetchedTransfer', body)
      expect(body).toMatchObject({ data: { id } })
      await client.expectRefusal(call({ code: 'TRF_nobody' }), refusals.unknownTransfer)
    })
  })

  describeOperation('verifyTransfer', (call) => {
    test(`${client.name}: a transfer is verified by its reference`, async () => {
      const { id, reference } = await newTransfer()
      const body = await read(call({ reference }))
      expectAnswer('fetchedTransfer', body)
      expect(body).toMatchObject({ data: { id, status: 'success' } })
      await client.expectRefusal(call({ reference: 'nothing' }), refusals.unknownTransfer)
    })
  })

  describeOperation('exportTransfers', (call) => {
    test(`${client.name}: transfers are exported by a link`, async () => {
      const { id } = await newTransfer()
      const body = await read(call())
      expectAnswer('exported', body)
      const { path } = (body as { data: { path: string } }).data
      expect(await (await fetch(path)).text()).toContain(`\n${id},`)
    })
  })

  describeOperation('resendOtp', (call) => {
    test(`${client.name}: the one-time password of a transfer is asked for again`, async () => {
      const { transfer_code } = await newTransfer()
      expectAnswer('resentOtp', await read(call({ transfer_code, reason: 'resend_otp' })))
    })
  })

  describeOperation('enableOtp', (call) => {
    test(`${client.name}: one-time passwords are turned on`, async () => {
      expectAnswer('enabledOtp', await read(call()))
      expect((await newTransfer()).status).toBe('otp')
      await ask('POST', '/transfer/disable_otp_finalize', { otp: '123456' })
    })
  })

  describeOperation('disableOtp', (call) => {
    test(`${client.name}: one-time passwords are about to be turned off`, async () => {
      expectAnswer('sentOtp', await read(call()))
    })
  })

  describeOperation('finalizeDisableOtp', (call) => {
    test(`${client.name}: one-time passwords are turned off`, async () => {
      await ask('POST', '/transfer/enable_otp')
      expectAnswer('disabledOtp', await read(call({ otp: '123456' })))
      expect((await newTransfer()).status).toBe('success')
    })
  })

  describeOperation('fetchBalance', (call) => {
    test(`${client.name}: the balance is told in each currency`, async () => {
      const body = await read(call())
      expectAnswer('balances', body)
      expect(body).toMatchObject({ data: [{ currency: 'ZAR', balance: 0 }, { currency: 'NGN' }, { currency: 'XOF' }] })
    })
  })

  describeOperation('listBalanceLedger', (call) => {
    test(`${client.name}: the movements of the balance are listed`, async () => {
      await newTransfer()
      const body = await read(call())
      expectAnswer('balanceLedger', body)
      const { data } = body as { data: Input[] }
      expect(data[0]).toMatchObject({ difference: -10_000, model_responsible: 'Transfer' })
    })
  })
})
