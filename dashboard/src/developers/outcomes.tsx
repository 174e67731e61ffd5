import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { plain } from '../base/words.ts'
import { Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { usePages } from '../parts/pages.ts'

const outcomesQuery = ['developers', 'outcomes']

type Outcome = Mteja.TestOutcome['outcome']

const choices: Record<Mteja.TestOutcome['on'], readonly Outcome[]> = {
  charge: ['succeed', 'decline', 'pending', 'unknown', 'error'],
  refund: ['succeed', 'decline', 'pending', 'unknown', 'error', 'needs_attention'],
  payout: ['succeed', 'decline', 'pending', 'unknown', 'error', 'needs_attention', 'return'],
}

/** What happens to the next charges, refunds and payouts. */
export function Outcomes() {
  const { mteja, can } = useSession()
  const queries = useQueryClient()
  const list = usePages(outcomesQuery, (offset) => mteja.sandbox.listOutcomes({ limit: 50, offset }))
  const [on, setOn] = useState<Mteja.TestOutcome['on']>('charge')
  const [outcome, setOutcome] = useState<Outcome>('decline')
  const [reference, setReference] = useState('')
  const [times, setTimes] = useState('1')
  const [error, setError] = useState<unknown>(null)
  const change = async (work: () => Promise<unknown>) => {
    setError(null)
    try {
      await work()
      queries.invalidateQueries({ queryKey: outcomesQuery })
    } catch (failure) {
      setError(failure)
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const match = reference.trim() && { match: { reference: reference.trim() } }
    change(() => mteja.sandbox.createOutcome({ on, outcome, times: Number(times), ...match }))
  }
  return (
    <section className="card stack">
      <div className="stack tight">
        <h2>Choose what happens next</h2>
        <p className="quiet">
          To the next charges, refunds or payouts that fit, instead of what the test instrument would do.
        </p>
      </div>
      {can('payments:write') ? (
        <form className="row" style={{ alignItems: 'flex-end' }} onSubmit={submit} noValidate>
          <NativeSelect
            label="To the next"
            value={on}
            onChange={(event) => setOn(event.currentTarget.value as typeof on)}
            data={[
              { value: 'charge', label: 'charges' },
              { value: 'refund', label: 'refunds' },
              { value: 'payout', label: 'payouts' },
            ]}
          />
          <NativeSelect
            label="Outcome"
            value={outcome}
            onChange={(event) => setOutcome(event.currentTarget.value as Outcome)}
            data={choices[on].map((value) => ({ value, label: plain(value) }))}
          />
          <TextInput
            label="Only this reference"
            value={reference}
            onChange={(event) => setReference(event.currentTarget.value)}
          />
          <TextInput
            label="Times"
            inputMode="numeric"
            w={80}
            value={times}
            onChange={(event) => setTimes(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" disabled={!/^[1-9]\d{0,3}$/.test(times)}>
            Choose
          </Button>
        </form>
      ) : (
        <p className="quiet">{needSentence('payments:write')}</p>
      )}
      <Problem error={error ?? list.error} />
      {list.items !== undefined && list.items.length > 0 && (
        <div className="table">
          {list.items.map((each) => (
            <div key={each.id} className="tr" style={columns('minmax(0, 1fr) minmax(0, 1fr) 110px 90px')}>
              <span>
                {plain(each.on)}: {plain(each.outcome).toLowerCase()}, {each.timesLeft} left
              </span>
              <span className="quiet">{Object.values(each.match).join(', ') || 'any'}</span>
              <span className="quiet">
                to <When at={each.expiresAt} />
              </span>
              <button
                type="button"
                className="link-button"
                onClick={() => change(() => mteja.sandbox.deleteOutcome(each.id))}
              >
                Take back
              </button>
            </div>
          ))}
        </div>
      )}
    </section>
  )
}
