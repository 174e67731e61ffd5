import { describe, expect, test } from 'vitest'
import type { Merchant } from '../src/merchant.ts'
import { type CustomerData, expectAnswer } from './answers.ts'
import { confirmedIdentity, newEmail, saveCard, unknownCode, unknownKey } from './fixtures.ts'
import type { PaystackOperation } from './operations.ts'
import { type Refusal, refusals } from './refusals.ts'
import type { AnswerName } from './shapes.ts'

type Input = Record<string, unknown>

/** The customers calls of one client, each resolving or rejecting exactly as the client does. */
export interface CustomersCalls {
  create(input: Input): Promise<unknown>
  list(query: { perPage: number; page: number }): Promise<unknown>
  fetch(codeEmailOrId: string): Promise<unknown>
  update(code: string, changes: Input): Promise<unknown>
  validate?(code: string, identity: typeof confirmedIdentity): Promise<unknown>
  setRiskAction(customer: string, action: string): Promise<unknown>
  deactivateAuthorization?(authorizationCode: string): Promise<unknown>
}

/** The way to call one published client, and the results that its caller sees. */
export interface CustomersClient {
  /** Its name on npm. */
  name: string
  /** The client's own method for each operation it offers. */
  methods: Partial<Record<PaystackOperation, string>>
  /** The customers methods found on the client itself. */
  findMethods(): string[]
  /** Makes a new client for each call, because some clients share the last key among all their instances. */
  connect(key: string): CustomersCalls
  /** The body of a success, from the value that a call resolves to. */
  readBody(result: unknown): unknown
  /** The part of a list's meta that the caller sees. */
  listAnswer: AnswerName
  /** Fails unless the call ends the way a caller of this client sees a refusal. */
  expectRefusal(call: Promise<unknown>, refusal: Refusal): Promise<void>
  /** Metadata in the form the client's documentation asks for. */
  writeMetadata(metadata: Input): unknown
  /** Metadata that the client sends although Paystack refuses it. Undefined when the client lets none through. */
  refusedMetadata?: unknown
}

/**
 * Tests the rules of the customers operations through a client: its operations work, their changes are stored, and
 * refusals are as documented.
 */
export function testCustomersClient(client: CustomersClient, merchant: Merchant): void {
  const calls = (key = merchant.key) => client.connect(key)
  const read = async (call: Promise<unknown>) => client.readBody(await call)
  const readCustomer = async (call: Promise<unknown>) => ((await read(call)) as { data: CustomerData }).data
  const createCustomer = (input: Input = {}) => readCustomer(calls().create({ email: newEmail(), ...input }))
  const fetchCustomer = (code: string) => readCustomer(calls().fetch(code))
  const { expectRefusal } = client

  const describeOperation = (operation: PaystackOperation, tests: () => void) => {
    const method = client.methods[operation]
    if (method) describe(method, { meta: { client: client.name, operation, method } }, tests)
  }

  const testRefusedMetadata = (operation: string, call: (metadata: unknown) => Promise<unknown>) => {
    if (client.refusedMetadata === undefined) return
    test(`${client.name}: ${operation} refuses metadata that is not an object`, async () => {
      await expectRefusal(call(client.refusedMetadata), refusals.metadataNotObject)
    })
  }

  test(`${client.name}: every customers method of the client is tested`, () => {
    expect(client.findMethods().sort()).toEqual(Object.values(client.methods).sort())
  })

  describeOperation('create', () => {
    test(`${client.name}: creating a customer answers the new customer with metadata as an object`, async () => {
      const email = newEmail()
      const metadata = { k: 1, nested: { list: [true, null] } }
      const input = { email, first_name: 'Ada', metadata: client.writeMetadata(metadata) }
      const body = await read(calls().create(input))
      expectAnswer('created', body)
      expect(body).toMatchObject({ data: { email, first_name: 'Ada', metadata } })
    })

    test(`${client.name}: creating a customer with a known e-mail in any case answers the existing customer unchanged`, async () => {
      const { id, email } = await createCustomer({ first_name: 'Ada' })
      const again = await createCustomer({ email: email.toUpperCase(), first_name: 'Grace' })
      expect(again).toMatchObject({ id, first_name: 'Ada' })
    })

    test(`${client.name}: creating a customer is refused with a malformed e-mail and a wrong key`, async () => {
      await expectRefusal(calls().create({ email: 'ada' }), refusals.malformedEmail)
      await expectRefusal(calls(unknownKey).create({ email: newEmail() }), refusals.invalidKey)
    })

    testRefusedMetadata('creating a customer', (metadata) => calls().create({ email: newEmail(), metadata }))
  })

  describeOperation('list', () => {
    test(`${client.name}: listing customers answers the newest first, by pages`, async () => {
      const older = await createCustomer()
      const newer = await createCustomer()
      for (const [index, { id }] of [newer, older].entries()) {
        const body = await read(calls().list({ perPage: 1, page: index + 1 }))
        expectAnswer(client.listAnswer, body)
        expect(body).toMatchObject({ data: [{ id }] })
      }
    })

    test(`${client.name}: listing customers is refused with a wrong key`, async () => {
      await expectRefusal(calls(unknownKey).list({ perPage: 1, page: 1 }), refusals.invalidKey)
    })
  })

  describeOperation('fetch', () => {
    test(`${client.name}: a customer is fetched by code, by e-mail and by id`, async () => {
      const { id, customer_code, email } = await createCustomer()
      for (const key of [customer_code, email, String(id)]) {
        const body = await read(calls().fetch(key))
        expectAnswer('fetched', body)
        expect(body).toMatchObject({ data: { id, customer_code, email } })
      }
    })

    test(`${client.name}: fetching a customer is refused for an unknown code, an unknown e-mail and a wrong key`, async () => {
      await expectRefusal(calls().fetch(unknownCode), refusals.unknownCustomer)
      await expectRefusal(calls().fetch('nobody@example.com'), refusals.unknownCustomer)
      await expectRefusal(calls(unknownKey).fetch(unknownCode), refusals.invalidKey)
    })
  })

  describeOperation('update', () => {
    test(`${client.name}: updating a customer changes the given members, keeps the others, and shows in the next fetch`, async () => {
      const { customer_code: code, email } = await createCustomer({ last_name: 'Obi', phone: '+2348012345678' })
      const metadata = { a: { b: 2 } }
      const body = await read(calls().update(code, { first_name: 'New', metadata: client.writeMetadata(metadata) }))
      expectAnswer('updated', body)
      const expected = { email, first_name: 'New', last_name: 'Obi', phone: '+2348012345678', metadata }
      expect(body).toMatchObject({ data: expected })
      expect(await fetchCustomer(code)).toMatchObject(expected)
    })

    test(`${client.name}: updating a customer is refused for an unknown code and a wrong key`, async () => {
      await expectRefusal(calls().update(unknownCode, { first_name: 'New' }), refusals.unknownCustomer)
      await expectRefusal(calls(unknownKey).update(unknownCode, { first_name: 'New' }), refusals.invalidKey)
    })

    testRefusedMetadata('updating a customer', async (metadata) => {
      const { customer_code: code } = await createCustomer()
      return calls().update(code, { metadata })
    })
  })

  describeOperation('validate', () => {
    const validate = (code: string, changes: Partial<typeof confirmedIdentity> = {}, key = merchant.key) =>
      calls(key).validate?.(code, { ...confirmedIdentity, ...changes }) ?? Promise.resolve()

    test(`${client.name}: a confirmed identification identifies the customer under the confirmed names and locks them`, async () => {
      const { customer_code: code } = await createCustomer({ first_name: 'Ada' })
      const accepted = { status: true, message: 'Customer Identification in progress' }
      expect(await read(validate(code))).toEqual(accepted)
      await expect.poll(async () => (await fetchCustomer(code)).identified, { timeout: 60_000 }).toBe(true)
      const confirmed = { first_name: 'Uchenna', last_name: 'Okoro' }
      const body = await read(calls().fetch(code))
      expectAnswer('fetched', body)
      expect(body).toMatchObject({ data: { ...confirmed, identifications: [{ country: 'NG', type: 'bank_account' }] } })
      expect(await readCustomer(calls().update(code, { first_name: 'Ada' }))).toMatchObject(confirmed)
    })

    test(`${client.name}: a confirmed identification shows its values only in part`, async () => {
      const { customer_code: code } = await createCustomer()
      await validate(code)
      await expect.poll(async () => (await fetchCustomer(code)).identified, { timeout: 60_000 }).toBe(true)
      const shown = JSON.stringify(await fetchCustomer(code))
      for (const secret of [confirmedIdentity.bvn, confirmedIdentity.account_number])
        expect(shown).not.toContain(secret)
    })

    test(`${client.name}: an identification with wrong details leaves the customer unidentified`, async () => {
      const refused = await createCustomer()
      const confirmed = await createCustomer()
      expect(await read(validate(refused.customer_code, { bvn: '20012345677' }))).toMatchObject({ status: true })
      // Identifications finish in order, so once a later one is confirmed, this one has been decided.
      await validate(confirmed.customer_code)
      await expect.poll(async () => (await fetchCustomer(confirmed.email)).identified, { timeout: 60_000 }).toBe(true)
      expect(await fetchCustomer(refused.email)).toMatchObject({ identified: false, first_name: null })
    })

    test(`${client.name}: an identification is refused with an empty BVN, an unknown customer and a wrong key`, async () => {
      const { customer_code: code } = await createCustomer()
      await expectRefusal(validate(code, { bvn: '' }), refusals.missingBvn)
      await expectRefusal(validate(unknownCode), refusals.unknownCustomer)
      await expectRefusal(validate(code, {}, unknownKey), refusals.invalidKey)
    })
  })

  describeOperation('setRiskAction', () => {
    test(`${client.name}: a risk action is set by code and by e-mail, and shows in the next fetch`, async () => {
      const { customer_code: code, email } = await createCustomer()
      const body = await read(calls().setRiskAction(code, 'deny'))
      expectAnswer('updated', body)
      expect(body).toMatchObject({ data: { risk_action: 'deny' } })
      expect(await fetchCustomer(code)).toMatchObject({ risk_action: 'deny' })
      expect(await readCustomer(calls().setRiskAction(email, 'allow'))).toMatchObject({ risk_action: 'allow' })
    })

    test(`${client.name}: a risk action is refused for an unknown customer, an unknown action and a wrong key`, async () => {
      const { customer_code: code } = await createCustomer()
      await expectRefusal(calls().setRiskAction(unknownCode, 'deny'), refusals.unknownCustomer)
      await expectRefusal(calls().setRiskAction(code, 'block'), refusals.unknownRiskAction)
      await expectRefusal(calls(unknownKey).setRiskAction(code, 'deny'), refusals.invalidKey)
    })
  })

  describeOperation('deactivateAuthorization', () => {
    const deactivate = (code: string, key = merchant.key) =>
      calls(key).deactivateAuthorization?.(code) ?? Promise.resolve()

    test(`${client.name}: an authorization is deactivated once, and the customer no longer has it`, async () => {
      const { customer_code: code } = await createCustomer()
      const authorization_code = await saveCard(merchant, code)
      const before = await read(calls().fetch(code))
      expectAnswer('fetched', before)
      expect(before).toMatchObject({ data: { authorizations: [{ authorization_code }] } })
      const deactivated = { status: true, message: 'Authorization has been deactivated' }
      expect(await read(deactivate(authorization_code))).toEqual(deactivated)
      expect(await fetchCustomer(code)).toMatchObject({ authorizations: [] })
      await expectRefusal(deactivate(authorization_code), refusals.unknownAuthorization)
    })

    test(`${client.name}: deactivating an authorization is refused for an unknown authorization and a wrong key`, async () => {
      await expectRefusal(deactivate('AUTH_0000000000'), refusals.unknownAuthorization)
      await expectRefusal(deactivate('AUTH_0000000000', unknownKey), refusals.invalidKey)
    })
  })
}
