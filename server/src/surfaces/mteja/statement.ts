import { formatAmount } from '../../base/money.ts'
import { isoWithOffset } from '../../base/time-zones.ts'
import type { Customer } from '../../domain/customers/customers.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { Statement, StatementEntry } from '../../domain/wallet/statements.ts'
import { html } from '../http/html.ts'

/** A statement to print. It is streamed, because it may have more entries than fit in memory. */
export async function* statementPage(
  { merchant }: Tenant,
  customer: Customer,
  statement: Statement,
  entries: AsyncIterable<StatementEntry>,
): AsyncGenerator<string> {
  const money = (amount: bigint) => formatAmount(amount, statement.currency)
  const name = [customer.firstName, customer.lastName].filter(Boolean).join(' ') || customer.email || customer.code
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Statement of ${name}</title>
<style>
  body { font: .95rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
  table { border-collapse: collapse; width: 100%; }
  th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid #ddd; }
  .amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  .total td { font-weight: 600; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
</style>
</head>
<body>
<h1>Statement</h1>
<p>${merchant.name} · ${name} (${customer.code})<br>
${isoWithOffset(statement.from, merchant.timeZone)} until ${isoWithOffset(statement.until, merchant.timeZone)}, ${merchant.timeZone}, ${statement.currency}</p>
<table>
<thead><tr><th>Time</th><th>What</th><th class="amount">Amount</th><th class="amount">Balance</th></tr></thead>
<tbody>
<tr class="total"><td></td><td>Opening balance</td><td></td><td class="amount">${money(statement.openingBalance)}</td></tr>
`.markup
  for await (const entry of entries) {
    const what = entry.description ?? entry.kind.replaceAll('_', ' ')
    yield html`<tr><td>${isoWithOffset(entry.createdAt, merchant.timeZone)}</td><td>${what}</td>
<td class="amount">${money(entry.amount)}</td><td class="amount">${money(entry.balanceAfter)}</td></tr>
`.markup
  }
  yield html`<tr class="total"><td></td><td>In ${money(statement.totalIn)}, out ${money(statement.totalOut)}</td><td></td><td></td></tr>
<tr class="total"><td></td><td>Closing balance</td><td></td><td class="amount">${money(statement.closingBalance)}</td></tr>
</tbody></table>
</body></html>`.markup
}
