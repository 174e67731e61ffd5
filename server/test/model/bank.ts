import type { LightMyRequestResponse } from 'fastify'
import { ServiceError } from '../../src/base/errors.ts'
import { createCustomer } from '../../src/domain/customers/customers.ts'
import { setRiskAction } from '../../src/domain/customers/risk-actions.ts'
import type { IdempotentRequest } from '../../src/domain/idempotency/request.ts'
import { getBalance } from '../../src/domain/ledger/balances.ts'
import { type AccountName, doCommand } from '../../src/domain/ledger/commands.ts'
import { refundTransaction, reverseTransaction } from '../../src/domain/payments/refunds.ts'
import { simulatePayIn } from '../../src/domain/sandbox/pay-ins.ts'
import { sandboxTenantOf } from '../../src/domain/sandbox/sandbox-tenant.ts'
import { captureHold, placeHold, releaseHold } from '../../src/domain/wallet/holds.ts'
import { makePurchase } from '../../src/domain/wallet/purchases.ts'
import { makeTransfer, makeTransfers } from '../../src/domain/wallet/transfers.ts'
import type { TestApi } from '../api.ts'
import { cash, commandsFor, requestOf } from '../wallets.ts'
import { type Operation, payerOf, type Transaction, type Wallet } from './auditor.ts'

/** The end of an operation. */
export interface Outcome {
  refusal: string | null
  /** The id of the ledger transaction or hold. */
  id: string
  /** The customer's balance in the answer, if the answer has one. */
  told: bigint | undefined
  at: Date
  replayed: boolean
  /** The whole answer, to compare with a repeat's. */
  answer: string
}

/** The service as a client uses it: through the domain or over HTTP. */
export interface Bank {
  createCustomer(email: string, key: string | null): Promise<{ code: string; answer: string }>
  do(operation: Operation, key: string | null): Promise<Outcome>
  /** Several transfers in one commit. */
  transfers(operations: (Operation & { name: 'transfer' })[]): Promise<Outcome[]>
  setRisk(code: string, action: 'deny' | 'allow'): Promise<void>
  /** The balance in the default currency. */
  balance(code: string): Promise<{ posted: bigint; held: bigint; available: bigint; accountId: bigint | null }>
}

const nobody = 'CUS_000000000000000'
const codeOf = (wallet: Wallet | null) => wallet?.customer.code ?? nobody

/** One server, called without HTTP. Calls of several clients go together in its queues. */
export function bankOverDomain({ service, tenant }: TestApi): Bank {
  async function send(operation: Operation, request: IdempotentRequest | null) {
    switch (operation.name) {
      case 'pay-in': {
        const { to, amount, currency } = operation
        const given = { customerCode: codeOf(to), amount: String(amount), currency }
        const done = await simulatePayIn(service, sandboxTenantOf(tenant), given, request)
        return { ...done, told: done.balanceAfter }
      }
      case 'purchase': {
        const { from, amount, currency } = operation
        const given = { customerCode: codeOf(from), productId: 'p', amount: String(amount), currency }
        const done = await makePurchase(service, tenant, given, request)
        return { ...done, told: done.balanceAfter }
      }
      case 'transfer':
        return makeTransfer(service, tenant, transferOf(operation), request)
      case 'place': {
        const { from, amount, currency, expiresAt } = operation
        const given = {
          customerCode: codeOf(from),
          amount: String(amount),
          currency,
          expiresAt: expiresAt ?? undefined,
        }
        return placeHold(service, tenant, given, request)
      }
      case 'capture': {
        const { hold, amount, isFinal } = operation
        const given = { holdId: hold.id, amount: amount === null ? undefined : String(amount), isFinal }
        const done = await captureHold(service, tenant, given, request)
        return { ...done, told: done.balanceAfter }
      }
      case 'release': {
        const done = await releaseHold(service, tenant, operation.hold.id, request)
        return { ...done, id: done.holdId, createdAt: done.releasedAt }
      }
      case 'refund': {
        const { original, amount } = operation
        const given = { transactionId: original.id, amount: amount === null ? undefined : String(amount) }
        return refundTransaction(service, tenant, given, request)
      }
      case 'reverse':
        return reverseTransaction(service, tenant, { transactionId: operation.original.id }, request)
      case 'take':
      case 'bring':
        return bookFact(service, tenant, operation, request)
      case 'reserve':
      case 'settle':
      case 'fail':
        return waitForOutside(service, tenant, operation, request)
      case 'begin-out':
      case 'pay-out':
      case 'drop-out':
        return payOut(service, tenant, operation, request)
    }
  }

  return {
    async createCustomer(email, key) {
      const request = key === null ? null : requestOf(key, { email })
      const { customer } = await createCustomer(service, tenant, { email }, request)
      return { code: customer.code, answer: textOf(customer) }
    },
    async do(operation, key) {
      try {
        const done = await send(operation, key === null ? null : requestOf(key, bodyOf(operation), operation.name))
        return outcomeOf(done as Parameters<typeof outcomeOf>[0])
      } catch (error) {
        return refusalOf(error)
      }
    },
    async transfers(operations) {
      const { outcomes } = await makeTransfers(service, tenant, operations.map(transferOf), null)
      return outcomes.map((each) =>
        each instanceof ServiceError ? refusalOf(each) : outcomeOf({ ...each, replayed: false }),
      )
    },
    async setRisk(code, action) {
      await setRiskAction(service, tenant, { code }, { riskAction: action })
    },
    balance: (code) => getBalance(service, tenant, code),
  }
}

/** A refund as its steps are posted, without the processor that decides them. */
async function waitForOutside(
  service: TestApi['service'],
  tenant: TestApi['tenant'],
  operation: Operation & { name: 'reserve' | 'settle' | 'fail' },
  request: IdempotentRequest | null,
) {
  const make = commandsFor(service)
  const { original } = operation.name === 'reserve' ? operation : operation.reserve
  const more = { request, currency: original.currency }
  const [paid, received] = [nameOf(original.from), nameOf(original.to)]
  if (operation.name === 'reserve') {
    return doCommand(service, tenant, make.reserveBack(original.id, received, operation.amount, more))
  }
  const { id } = operation.reserve
  return doCommand(
    service,
    tenant,
    operation.name === 'settle'
      ? make.settleBack(id, original.id, paid, received, more)
      : make.failBack(id, original.id, received, more),
  )
}

/** A payout as its steps are posted, without the processor that decides them. */
function payOut(
  service: TestApi['service'],
  tenant: TestApi['tenant'],
  operation: Operation & { name: 'begin-out' | 'pay-out' | 'drop-out' },
  request: IdempotentRequest | null,
) {
  const make = commandsFor(service)
  if (operation.name === 'begin-out') {
    const { from, amount, currency } = operation
    return doCommand(service, tenant, make.beginPayout(codeOf(from), amount, { request, currency }))
  }
  const { id, wallet, paying } = operation.payout
  const more = { request, currency: wallet.currency }
  return doCommand(
    service,
    tenant,
    operation.name === 'pay-out'
      ? make.payOut(id, codeOf(wallet), paying, more)
      : make.dropPayout(id, codeOf(wallet), more),
  )
}

function nameOf(side: Transaction['from']): AccountName {
  if (side === null) return { kind: 'merchant_balance' }
  return side === 'outside' ? { kind: 'outside' } : cash(codeOf(side))
}

/** No surface has these yet. */
async function bookFact(
  service: TestApi['service'],
  tenant: TestApi['tenant'],
  operation: Operation & { name: 'take' | 'bring' },
  request: IdempotentRequest | null,
) {
  const make = commandsFor(service)
  const { kind, amount, currency, name } = operation
  const counterpart: Record<typeof kind, AccountName> = {
    pay_in: { kind: 'outside' },
    chargeback: { kind: 'outside', at: 7n },
    chargeback_returned: { kind: 'outside', at: 7n },
    processor_fee: { kind: 'outside', at: 7n },
    processor_fee_returned: { kind: 'outside', at: 7n },
    assigned: { kind: 'suspense' },
    adjustment: { kind: 'adjustments' },
  }
  const wallet = cash(codeOf(name === 'take' ? operation.from : operation.to))
  const [from, to] = name === 'take' ? [wallet, counterpart[kind]] : [counterpart[kind], wallet]
  const more = { request, currency }
  const command = kind === 'adjustment' ? make.adjust(from, to, amount, more) : make.book(kind, from, to, amount, more)
  const receipt = await doCommand(service, tenant, command)
  return { ...receipt, told: name === 'take' ? receipt.fromBalance : (receipt.toBalance ?? undefined) }
}

/** The application of a server, called over HTTP, so every request is routed, checked and rendered. */
export function bankOverHttp(api: TestApi): Bank {
  const { app, tenant } = api
  const domain = bankOverDomain(api)

  async function call(method: 'GET' | 'POST', url: string, body: unknown, key: string | null) {
    const headers = { authorization: `Bearer ${tenant.secret}`, ...(key === null ? {} : { 'idempotency-key': key }) }
    return app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body as object }) })
  }

  function addressOf(operation: Operation): string {
    switch (operation.name) {
      case 'pay-in':
        return '/v1/sandbox/pay-ins'
      case 'purchase':
        return '/api/canary/purchases'
      case 'transfer':
        return '/api/canary/transfers'
      case 'place':
        return '/v1/holds'
      case 'capture':
        return `/v1/holds/${operation.hold.id}/capture`
      case 'release':
        return `/v1/holds/${operation.hold.id}/release`
      case 'refund':
        return '/v1/refunds'
      case 'reverse':
        return '/v1/reversals'
      default:
        throw new Error(`${operation.name} has no address`)
    }
  }

  return {
    async createCustomer(email, key) {
      const answer = await call('POST', '/api/canary/customers', { email, phoneNumber: '+27821234567' }, key)
      if (answer.statusCode !== 201) throw new Error(answer.body)
      return { code: answer.json().id, answer: answer.body }
    },
    async do(operation, key) {
      if (isWithoutAddress(operation)) return domain.do(operation, key)
      const body = operation.name === 'release' ? undefined : bodyOf(operation)
      return readResponse(await call('POST', addressOf(operation), body, key))
    },
    async transfers(operations) {
      const answer = await call('POST', '/v1/transfers/batch', { transfers: operations.map(bodyOf) }, null)
      if (answer.statusCode !== 200) throw new Error(answer.body)
      const { outcomes } = answer.json() as {
        outcomes: { id: string; createdAt: string; error?: { code: string } }[]
      }
      return outcomes.map((each) => ({
        refusal: each.error?.code ?? null,
        id: each.id,
        told: undefined,
        at: new Date(each.createdAt),
        replayed: false,
        answer: '',
      }))
    },
    async setRisk(code, action) {
      const body = { customer: code, risk_action: action }
      const answer = await call('POST', '/customer/set_risk_action', body, null)
      if (answer.statusCode !== 200) throw new Error(answer.body)
    },
    async balance(code) {
      const answer = await call('GET', `/api/canary/customers/${code}/balance`, undefined, null)
      if (answer.statusCode !== 200) throw new Error(answer.body)
      const { amount, pending, available } = answer.json()
      return { posted: BigInt(amount), held: BigInt(pending), available: BigInt(available), accountId: null }
    },
  }
}

function isWithoutAddress({ name }: Operation): boolean {
  return ['take', 'bring', 'reserve', 'settle', 'fail', 'begin-out', 'pay-out', 'drop-out'].includes(name)
}

/** The body of a request. It also tells the request from another one under the same key. */
function bodyOf(operation: Operation): Record<string, unknown> {
  switch (operation.name) {
    case 'pay-in':
      return { customerId: codeOf(operation.to), amount: Number(operation.amount), currency: operation.currency }
    case 'purchase': {
      const { from, amount, currency } = operation
      return { customerId: codeOf(from), productId: 'p', amount: Number(amount), currency }
    }
    case 'transfer': {
      const { from, to, amount, currency } = operation
      return { fromCustomerId: codeOf(from), toCustomerId: codeOf(to), amount: Number(amount), currency }
    }
    case 'place': {
      const { from, amount, currency, expiresAt } = operation
      const expiry = expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() }
      return { customerId: codeOf(from), amount: Number(amount), currency, ...expiry }
    }
    case 'capture': {
      const { amount, isFinal } = operation
      return { ...(amount === null ? {} : { amount: Number(amount) }), final: isFinal }
    }
    case 'release':
      return {}
    case 'refund':
    case 'reserve': {
      const { original, amount } = operation
      return { transactionId: original.id, ...(amount === null ? {} : { amount: Number(amount) }) }
    }
    case 'reverse':
      return { transactionId: operation.original.id }
    case 'settle':
    case 'fail':
      return { holdId: operation.reserve.id }
    case 'begin-out':
      return { customerId: codeOf(operation.from), amount: Number(operation.amount), currency: operation.currency }
    case 'pay-out':
    case 'drop-out':
      return { payoutId: operation.payout.id }
    case 'take':
    case 'bring': {
      const wallet = operation.name === 'take' ? operation.from : operation.to
      const { kind, amount, currency } = operation
      return { kind, customerId: codeOf(wallet), amount: Number(amount), currency }
    }
  }
}

function transferOf({ from, to, amount, currency }: Operation & { name: 'transfer' }) {
  return { fromCustomer: codeOf(from), toCustomer: codeOf(to), amount: String(amount), currency }
}

function outcomeOf(done: { id: string; createdAt: Date; told?: bigint; replayed: boolean }): Outcome {
  const { replayed, ...answer } = done
  return { refusal: null, id: done.id, told: done.told, at: done.createdAt, replayed, answer: textOf(answer) }
}

function refusalOf(error: unknown): Outcome {
  if (!(error instanceof ServiceError)) throw error
  const answer = textOf([error.code, error.message, error.field])
  return { refusal: error.code, id: '', told: undefined, at: new Date(0), replayed: error.replayed, answer }
}

function readResponse(response: LightMyRequestResponse): Outcome {
  const body = response.json()
  const told = body.balanceAfter ?? body.customerBalanceAfter
  return {
    refusal: response.statusCode < 300 ? null : (body.error.code ?? codeOfMessage(body.message[0])),
    id: String(body.id ?? '').replace(/^[a-z]+_/, ''),
    told: told === undefined ? undefined : BigInt(told),
    at: new Date(body.createdAt ?? body.releasedAt ?? 0),
    replayed: response.headers['idempotent-replayed'] === 'true',
    answer: `${response.statusCode} ${response.body}`,
  }
}

/** Cashful's envelope has no codes, so the code follows from the message. */
function codeOfMessage(message: string): string {
  if (message.includes('does not cover')) return 'insufficient_funds'
  if (message.includes('is denied')) return 'customer_denied'
  if (message.startsWith('There is no customer')) return 'customer_not_found'
  if (message.startsWith('The Idempotency-Key')) return 'idempotency_key_reused'
  return message
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, each) => (typeof each === 'bigint' ? `${each}n` : each))
}

/** The wallet to which the answered balance belongs. */
export function toldWallet(operation: Operation): Wallet | null {
  return operation.name === 'pay-in' || operation.name === 'bring' ? operation.to : payerOf(operation)
}
