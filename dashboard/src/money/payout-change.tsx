import type { ReactNode } from 'react'
import type { Mteja } from '../base/client.ts'
import { Facts } from '../parts/basics.tsx'

type Change = NonNullable<Mteja.Approval['payoutSettings']>
type Settings = Change['after']

const bearers = { merchant: 'you', owner: 'whoever owns the balance' } as const

/** Each setting with its words; the same words say that nothing changes. */
const members: readonly [label: string, words: (settings: Settings) => string][] = [
  ['Address that is asked first', ({ approvalUrl }) => approvalUrl],
  [
    'Name that the bank does not confirm',
    ({ nameDifferences }) => (nameDifferences === 'approval' ? 'waits for a second person' : 'is only shown'),
  ],
  ['A new recipient waits', ({ coolDownHours }) => `${coolDownHours} hours`],
  ['Customers who are not identified', ({ identifiedOnly }) => (identifiedOnly ? 'are refused' : 'are paid out')],
  ['Fees', ({ feesBorneBy }) => `borne by ${bearers[feesBorneBy]}`],
  ['Usual recipient', ({ defaultRecipient }) => defaultRecipient],
]

/** A change of the settings of payouts: each member that would be another, as it is and as it would be. */
export function PayoutChange({ before, after }: Change) {
  const facts = members.flatMap(([label, words]): [string, ReactNode][] => {
    const [was, is] = [words(before), words(after)]
    return was === is ? [] : [[label, `${was} → ${is}`]]
  })
  return (
    <section className="stack tight" aria-label="What would change">
      <h3>What would change</h3>
      <Facts of={facts} />
    </section>
  )
}
