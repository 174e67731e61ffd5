import type { ReactNode } from 'react'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { exactTime } from '../base/times.ts'
import { kindWord, plain } from '../base/words.ts'
import { Facts, Json, Money } from '../parts/basics.tsx'

type Entry = Mteja.AuditEntry
type Members = Readonly<Record<string, unknown>>

/** Operations whose names say too little, or are words of one API. */
const operations: Readonly<Record<string, string>> = {
  approveApproval: 'Approve',
  approveAsAnother: 'Approve as another person, in the sandbox',
  approvePayout: 'Approve a payout',
  closeDifference: 'Close a difference',
  createApiKey: 'Make a key',
  createMerchantApiKey: 'Make a key for the merchant',
  createMerchantReconciliation: 'Compare the processor with the books',
  createReconciliation: 'Compare the processor with the books',
  createStatementLink: 'Make a link to a statement',
  createTestPaymentMethod: 'Make a payment method, in the sandbox',
  customer_create: 'Create a customer',
  customer_risk_action: 'Set the risk action',
  customer_update: 'Update a customer',
  customer_validate: 'Start an identity check',
  denyApproval: 'Deny',
  denyPayout: 'Deny a payout',
  endPerson: 'End a person and their keys',
  refund: 'Refund',
  replaceApiKey: 'Replace a key',
  revokeApiKey: 'Revoke a key',
  rotateWebhookSecret: 'Rotate the secret of an endpoint',
  setProcessor: 'Choose a processor',
  setSending: 'Pause sending, or let it go on',
  simulatePayIn: 'Pay in, in the sandbox',
  updateApprovalSettings: 'Change what waits for a second person',
  updatePayoutSettings: 'Change the settings of payouts',
}

const membersOf = (value: unknown): Members => (typeof value === 'object' && value !== null ? (value as Members) : {})

/** A movement of money, which the trail reads from the ledger. */
export function moneyOf({ after }: Entry): { amount: number; currency: string } | undefined {
  const { amount, currency } = membersOf(after)
  return typeof amount === 'number' && typeof currency === 'string' ? { amount, currency } : undefined
}

/** The code of the refusal, if the write was refused after it had begun. */
export function refusalOf({ after }: Entry): string | undefined {
  const { refused } = membersOf(after)
  return typeof refused === 'string' ? refused : undefined
}

/** What was done, in words. */
export function actionWord(entry: Entry): string {
  const { riskAction } = membersOf(entry.after)
  if (typeof riskAction === 'string') return `Set the risk action to ${riskAction}`
  return operations[entry.action] ?? (moneyOf(entry) === undefined ? plain(entry.action) : kindWord(entry.action))
}

/** A call that asks somebody outside is written down when it begins, and again when it is refused: one line tells both. */
export function withoutBegun(entries: readonly Entry[]): Entry[] {
  const nameOf = ({ requestId, action }: Entry) => `${requestId} ${action}`
  const refused = new Set(entries.filter((entry) => refusalOf(entry) !== undefined).map(nameOf))
  const isBegun = ({ before, after }: Entry) => before === null && after === null
  return entries.filter((entry) => !(isBegun(entry) && entry.requestId !== null && refused.has(nameOf(entry))))
}

/** What was changed, member by member: from what to what. */
export function Changed({ entry }: { entry: Entry }) {
  const before = membersOf(entry.before)
  const after = membersOf(entry.after)
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => name !== 'refused')
  const isSaid = (name: string) => name === 'currency' && moneyOf(entry) !== undefined
  const facts = names
    .filter((name) => !isSaid(name))
    .map((name): [string, ReactNode] => [
      plain(name),
      <span key={name}>
        {entry.before !== null && (
          <>
            <Value name={name} of={before} />
            {' → '}
          </>
        )}
        {entry.after === null ? 'nothing' : <Value name={name} of={after} />}
      </span>,
    ])
  if (facts.length === 0) return null
  return (
    <section className="stack tight">
      <h3>{entry.before === null ? 'What was written' : 'What was changed'}</h3>
      <Facts of={facts} />
      <details>
        <summary>As JSON</summary>
        <Json value={{ before: entry.before, after: entry.after }} />
      </details>
    </section>
  )
}

function Value({ name, of }: { name: string; of: Members }) {
  const { format } = useSession()
  const value = of[name]
  const { currency } = of
  if (typeof value === 'number' && typeof currency === 'string' && /amount|sum/i.test(name))
    return <Money amount={value} currency={currency} />
  if (value === undefined || value === null || value === '') return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value !== 'object') {
    const text = String(value)
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? exactTime(text, format) : text
  }
  return <Json value={value} />
}
