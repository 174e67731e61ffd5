import { formatAmount, formatMoney } from '../../base/money.ts'
import { dayAt, instantOf } from '../../base/time-zones.ts'
import type { Customer } from '../../domain/customers/customers.ts'
import type { TransactionKind } from '../../domain/ledger/commands.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { Statement, StatementEntry } from '../../domain/wallet/statements.ts'
import { type Html, html, isolated } from '../http/html.ts'
import { pageEnd, pageStart } from '../http/page.ts'

/** A statement for a person, as the page shows it. */
export interface ShownStatement {
  tenant: Tenant
  customer: Customer
  statement: Statement
  entries: AsyncIterable<StatementEntry>
  /** When the page was made: the statement of a period that is not over yet may still grow. */
  madeAt: Date
}

/** A statement to read and to print. It is streamed, because it may have more entries than fit in memory. */
export async function* statementPage(shown: ShownStatement): AsyncGenerator<string> {
  const { tenant, customer, statement, entries, madeAt } = shown
  const { currency, from, until } = statement
  const calendar = createCalendar(tenant.merchant.timeZone)
  const name = [customer.firstName, customer.lastName].filter(Boolean).join(' ') || customer.email || customer.code
  const parts = [name, customer.email, customer.phoneE164 ?? customer.phone, customer.code].filter(isNew)
  const period = calendar.period(from, until)
  const notice = tenant.mode === 'test' ? 'Test mode: this is no real money.' : null
  yield pageStart({ title: `Statement of ${name}, ${period} · ${tenant.merchant.name}`, notice, width: 'wide' })
  yield html`
<p class="quiet">${isolated(tenant.merchant.name)}</p>
<h1>Statement of ${isolated(name)}</h1>
<dl>
<dt>Period</dt><dd>${period}</dd>
<dt>Customer</dt><dd>${parts.map((part, i) => html`${i === 0 ? '' : ' · '}${isolated(part)}`)}</dd>
<dt>Currency</dt><dd>${currency}</dd>
<dt>Made</dt><dd>${calendar.moment(madeAt)}. All times are those of ${calendar.zone}.</dd>
</dl>
<dl>
<dt>Opening balance</dt><dd class="amount">${formatMoney(statement.openingBalance, currency)}</dd>
<dt>Money in</dt><dd class="amount">${formatMoney(statement.totalIn, currency)}</dd>
<dt>Money out</dt><dd class="amount">${formatMoney(statement.totalOut, currency)}</dd>
<dt>Closing balance</dt><dd class="amount"><strong>${formatMoney(statement.closingBalance, currency)}</strong></dd>
</dl>
<table class="entries">
<thead><tr><th scope="col">Time</th><th scope="col">What</th><th scope="col" class="amount">Amount</th><th scope="col" class="amount">Balance</th></tr></thead>
<tbody>
${totalRow('Opening balance', formatAmount(statement.openingBalance, currency))}
`.markup
  for await (const entry of entries) {
    const cameIn = entry.amount > 0n
    const change = `${cameIn ? '+' : ''}${formatAmount(entry.amount, currency)}`
    yield html`<tr><td class="time">${calendar.moment(entry.createdAt)}</td><td class="what">${isolated(describeEntry(entry, calendar))}</td>
<td class="${cameIn ? 'amount change in' : 'amount change'}">${change}</td><td class="amount balance">${formatAmount(entry.balanceAfter, currency)}</td></tr>
`.markup
  }
  yield html`${totalRow('Closing balance', formatAmount(statement.closingBalance, currency))}
</tbody></table>`.markup
  yield pageEnd
}

function isNew(text: string | null, i: number, all: readonly (string | null)[]): text is string {
  return text !== null && text !== '' && all.indexOf(text) === i
}

function totalRow(words: string, balance: string): Html {
  return html`<tr class="total"><td class="time"></td><td class="what">${words}</td><td class="change"></td><td class="amount balance">${balance}</td></tr>`
}

const kinds: Readonly<Record<TransactionKind, { cameIn: string; wentOut: string }>> = {
  pay_in: { cameIn: 'Money added', wentOut: 'Money added' },
  purchase: { cameIn: 'Purchase', wentOut: 'Purchase' },
  transfer: { cameIn: 'Transfer received', wentOut: 'Transfer sent' },
  hold_capture: { cameIn: 'Reserved amount', wentOut: 'Reserved amount taken' },
  fee: { cameIn: 'Fee', wentOut: 'Fee' },
  refund: { cameIn: 'Refund', wentOut: 'Refund' },
  reversal: { cameIn: 'Reversal', wentOut: 'Reversal' },
  chargeback: { cameIn: 'Payment taken back', wentOut: 'Payment taken back' },
  chargeback_returned: { cameIn: 'Payment returned after a dispute', wentOut: 'Payment returned after a dispute' },
  processor_fee: { cameIn: 'Payment fee', wentOut: 'Payment fee' },
  processor_fee_returned: { cameIn: 'Payment fee returned', wentOut: 'Payment fee returned' },
  adjustment: { cameIn: 'Adjustment', wentOut: 'Adjustment' },
  assigned: { cameIn: 'Money added', wentOut: 'Money added' },
  receivable: { cameIn: 'Amount owed from now on', wentOut: 'Amount owed from now on' },
  payout: { cameIn: 'Paid out', wentOut: 'Paid out' },
  payout_returned: { cameIn: 'Payout returned', wentOut: 'Payout returned' },
  repayment: { cameIn: 'Repayment of the amount owed', wentOut: 'Repayment of the amount owed' },
  // Between accounts of the merchant: no customer's statement has one.
  settlement: { cameIn: 'Settlement', wentOut: 'Settlement' },
  suspended: { cameIn: 'Money not booked yet', wentOut: 'Money not booked yet' },
  given_back: { cameIn: 'Money given back', wentOut: 'Money given back' },
}

function wordsFor(kind: TransactionKind, cameIn: boolean): string {
  return kinds[kind][cameIn ? 'cameIn' : 'wentOut']
}

/**
 * `Purchase of airtime`, `Transfer received from Ada Obi: Lunch`, `Paid out to Ada Obi, account ••6655`,
 * `Refund of “Purchase of airtime” of 3 November 2026: Did not arrive`
 */
function describeEntry({ kind, amount, description, gaveBack, other }: StatementEntry, calendar: Calendar): string {
  const cameIn = amount > 0n
  const words = wordsFor(kind, cameIn)
  if (gaveBack !== null) {
    // The original moved the money the other way.
    const original = gaveBack.description ?? wordsFor(gaveBack.kind, !cameIn)
    const reason = description === null ? '' : `: ${description}`
    return `${words} of “${original}” of ${calendar.day(gaveBack.createdAt)}${reason}`
  }
  if (description?.startsWith(words)) return description
  const account = other === null || other.account === null ? '' : `, account ••${other.account.slice(-4)}`
  const whole = other === null ? words : `${words} ${cameIn ? 'from' : 'to'} ${other.name}${account}`
  return description === null ? whole : `${whole}: ${description}`
}

/** Instants in words, by the clock of one place. */
interface Calendar {
  zone: string
  /** `3 November 2026` */
  day(instant: Date): string
  /** `3 Nov 2026, 14:02` */
  moment(instant: Date): string
  /** `1 to 30 November 2026` for whole days, else with the times. `until` is the instant after the end. */
  period(from: Date, until: Date): string
}

function createCalendar(timeZone: string): Calendar {
  const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone })
  const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone })
  const isStartOfDay = (instant: Date) =>
    instantOf(dayAt(instant, timeZone), null, timeZone).getTime() === instant.getTime()
  return {
    zone: timeZone,
    day: (instant) => day.format(instant),
    moment: (instant) => moment.format(instant),
    period(from, until) {
      if (!isStartOfDay(from) || !isStartOfDay(until)) return `${moment.format(from)} to ${moment.format(until)}`
      return day.formatRange(from, new Date(until.getTime() - 1)).replace(/\s*–\s*/, ' to ')
    },
  }
}
