import { ServiceError } from '../src/base/errors.ts'
import { sql } from '../src/db/sql.ts'
import { setRiskAction } from '../src/domain/customers/risk-actions.ts'
import { type AccountName, doCommand, type LedgerCommand } from '../src/domain/ledger/commands.ts'
import { refundTransaction, reverseTransaction } from '../src/domain/payments/refunds.ts'
import { simulatePayIn } from '../src/domain/sandbox/pay-ins.ts'
import { sandboxTenantOf } from '../src/domain/sandbox/sandbox-tenant.ts'
import { expireDueHolds } from '../src/domain/wallet/due-holds.ts'
import { captureHold, placeHold, releaseHold } from '../src/domain/wallet/holds.ts'
import { makePurchase } from '../src/domain/wallet/purchases.ts'
import { makeTransfer } from '../src/domain/wallet/transfers.ts'
import { createTestTenant, type TestService } from './service.ts'
import { cash, commandsFor, createWallets, merchantBalance } from './wallets.ts'

/**
 * Plays a story about money at a merchant of its own, a sentence a line, and answers the balances at its end. A line
 * may end in `-> code`, the refusal that it must meet. Customers are A, B and C. X is an unknown customer.
 *
 *     A gets 100              A spends 40 as p           A sends B 10 as t
 *     A holds 50 as h         A holds 50 for 1h as h     capture 20 of h      capture all of h, final
 *     release h               refund 10 of p             refund all of p      reverse t
 *     deny A                  allow A                    wait 1h              expire
 *
 * Facts that happened outside, and a person's adjustments. The merchant is M here, and these may be about M as well:
 *
 *     A receives 40           A loses 40 (a chargeback)  A regains 40         A is charged 3 (a processor's fee)
 *     A is given 5            A is taken 5
 *
 * An amount may be followed by its currency, otherwise it is in ZAR. The answer has the balance of each customer and of the
 * merchant, with held amounts in brackets, and leaves out whoever neither has nor owes anything:
 * `A 60 [50], B 0 owes 7, merchant 40`.
 */
export async function tellStory(service: TestService, story: string): Promise<string> {
  const teller = await createTeller(service)
  for (const line of story
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '')) {
    const [sentence = '', expected] = line.split(/\s*->\s*/)
    const met = await teller.tell(sentence.trim())
    if (met !== (expected ?? 'done')) throw new Error(`"${sentence}" met ${met}, not ${expected ?? 'done'}`)
  }
  return teller.ending()
}

async function createTeller(service: TestService) {
  const tenant = await createTestTenant(service)
  const [a, b, c] = await createWallets(service, tenant, 3)
  const make = commandsFor(service)
  const codes: Record<string, string | undefined> = { A: a, B: b, C: c, X: 'CUS_000000000000000' }
  const ids: Record<string, string> = {}
  const code = (name = '') => codes[name] ?? ''
  const id = (name = '') => ids[name] ?? '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'
  const amountOf = (text = '') => (text === 'all' ? undefined : text)
  const riskOf = (customerCode: string, action: 'deny' | 'allow') =>
    setRiskAction(service, tenant, { code: customerCode }, { riskAction: action })

  const sentences: [RegExp, (groups: Record<string, string | undefined>) => Promise<{ id?: string } | unknown>][] = [
    [
      /^(?<who>\w) gets (?<amount>\d+)(?: (?<currency>[A-Z]{3}))?(?: as (?<as>\w+))?$/,
      ({ who, amount = '', currency }) =>
        simulatePayIn(service, sandboxTenantOf(tenant), { customerCode: code(who), amount, currency }),
    ],
    [
      /^(?<who>\w) spends (?<amount>\d+)(?: (?<currency>[A-Z]{3}))?(?: as (?<as>\w+))?$/,
      ({ who, amount = '', currency = 'ZAR' }) =>
        makePurchase(service, tenant, { customerCode: code(who), productId: 'p', amount, currency }, null),
    ],
    [
      /^(?<who>\w) sends (?<whom>\w) (?<amount>\d+)(?: (?<currency>[A-Z]{3}))?(?: as (?<as>\w+))?$/,
      ({ who, whom, amount = '', currency }) => {
        const given = { fromCustomer: code(who), toCustomer: code(whom), amount, currency }
        return makeTransfer(service, tenant, given, null)
      },
    ],
    [
      /^(?<who>\w) holds (?<amount>\d+)(?: (?<currency>[A-Z]{3}))?(?: for (?<time>\w+))?(?: as (?<as>\w+))?$/,
      ({ who, amount = '', currency, time }) => {
        const expiresAt = time === undefined ? undefined : new Date(service.clock.now().getTime() + msOf(time))
        return placeHold(service, tenant, { customerCode: code(who), amount, currency, expiresAt }, null)
      },
    ],
    [
      /^capture (?<amount>\d+|all) of (?<of>\w+)(?<final>, final)?(?: as (?<as>\w+))?$/,
      ({ amount, of, final }) => {
        const given = { holdId: id(of), amount: amountOf(amount), isFinal: final !== undefined }
        return captureHold(service, tenant, given, null)
      },
    ],
    [/^release (?<of>\w+)$/, ({ of }) => releaseHold(service, tenant, id(of), null)],
    [
      /^refund (?<amount>\d+|all) of (?<of>\w+)(?: as (?<as>\w+))?$/,
      ({ amount, of }) => refundTransaction(service, tenant, { transactionId: id(of), amount: amountOf(amount) }, null),
    ],
    [
      /^reverse (?<of>\w+)(?: as (?<as>\w+))?$/,
      ({ of }) => reverseTransaction(service, tenant, { transactionId: id(of) }, null),
    ],
    [
      /^(?<who>\w) (?<verb>receives|loses|regains|is charged|is given|is taken) (?<amount>\d+)(?: (?<currency>[A-Z]{3}))?(?: as (?<as>\w+))?$/,
      ({ who, verb = '', amount = '', currency = 'ZAR' }) => {
        const owner = who === 'M' ? merchantBalance : cash(code(who))
        const outside: AccountName = { kind: 'outside' }
        const more = { currency: currency as 'ZAR' | 'NGN' }
        const commands: Record<string, () => LedgerCommand> = {
          receives: () => make.book('pay_in', outside, owner, BigInt(amount), more),
          loses: () => make.book('chargeback', owner, outside, BigInt(amount), more),
          regains: () => make.book('chargeback_returned', outside, owner, BigInt(amount), more),
          'is charged': () => make.book('processor_fee', owner, outside, BigInt(amount), more),
          'is given': () => make.adjust({ kind: 'adjustments' }, owner, BigInt(amount), more),
          'is taken': () => make.adjust(owner, { kind: 'adjustments' }, BigInt(amount), more),
        }
        return doCommand(service, tenant, (commands[verb] as () => LedgerCommand)())
      },
    ],
    [/^deny (?<who>\w)$/, ({ who }) => riskOf(code(who), 'deny')],
    [/^allow (?<who>\w)$/, ({ who }) => riskOf(code(who), 'allow')],
    [/^wait (?<time>\w+)$/, async ({ time = '' }) => service.clock.advance(msOf(time))],
    [/^expire$/, () => expireDueHolds(service)],
  ]

  return {
    /** Answers `done`, or the code of the refusal. */
    async tell(sentence: string): Promise<string> {
      const found = sentences.find(([pattern]) => pattern.test(sentence))
      if (found === undefined) throw new Error(`"${sentence}" is no sentence of a story`)
      const groups = found[0].exec(sentence)?.groups ?? {}
      try {
        const done = await found[1](groups)
        if (groups.as !== undefined) ids[groups.as] = (done as { id: string }).id
        return 'done'
      } catch (error) {
        if (error instanceof ServiceError) return error.code
        throw error
      }
    },
    async ending(): Promise<string> {
      const rows = await service.db.query<{
        name: string
        currency: string
        posted: bigint
        held: bigint
        owed: bigint
      }>(sql`
        select coalesce(c.code, a.kind) as name, a.currency, a.posted, a.held, a.owed
        from ledger_accounts a
        left join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
        where a.merchant_id = ${tenant.merchant.id} and a.kind in ('customer_cash', 'merchant_balance')
          and (a.posted <> 0 or a.held <> 0 or a.owed <> 0)
      `)
      const nameOf = (name: string) => Object.keys(codes).find((each) => codes[each] === name) ?? 'merchant'
      return rows
        .map(({ name, currency, posted, held, owed }) => {
          const amount = currency === 'ZAR' ? `${posted}` : `${posted} ${currency}`
          return `${nameOf(name)} ${amount}${held === 0n ? '' : ` [${held}]`}${owed === 0n ? '' : ` owes ${owed}`}`
        })
        .sort()
        .join(', ')
    },
  }
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function msOf(time: string): number {
  const [, count = '', unit = ''] = /^(\d+)([a-z]+)$/.exec(time) ?? []
  return Number(count) * (units[unit] ?? Number.NaN)
}
