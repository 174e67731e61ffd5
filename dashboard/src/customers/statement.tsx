import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { dayOf, shortTime } from '../base/times.ts'
import { Copyable, Problem, saveFile } from '../parts/basics.tsx'
import { CurrencySelect } from '../parts/currency-select.tsx'
import { Dialog } from '../parts/dialog.tsx'
import type { DialogProps } from './money-dialogs.tsx'
import { useOwnCurrencies } from './own-currencies.ts'

/** The statement of a period: on screen to print, as a link to send, as CSV. */
export function StatementDialog({ id, close }: DialogProps) {
  const { mteja, merchant, format, can } = useSession()
  const today = dayOf(new Date(), format)
  const [from, setFrom] = useState(`${today.slice(0, 8)}01`)
  const [to, setTo] = useState(today)
  const own = useOwnCurrencies(id)
  const [currency, setCurrency] = useState(own[0] ?? merchant.currencies[0] ?? '')
  const [link, setLink] = useState<{ url: string; expiresAt: string }>()
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState<'link' | 'csv'>()
  const period = { from, to, currency }
  const run = async (what: 'link' | 'csv') => {
    setBusy(what)
    setError(null)
    try {
      if (what === 'link') setLink(await mteja.customers.statementLink(id, period))
      else {
        const text = await mteja.customers.statementFile(id, { ...period, format: 'csv' })
        saveFile(`${id} ${from} ${to} ${currency}.csv`, text, 'text/csv')
      }
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(undefined)
    }
  }
  const set = (change: (text: string) => void) => (event: { currentTarget: { value: string } }) => {
    change(event.currentTarget.value)
    setLink(undefined)
  }
  const choose = (chosen: string) => {
    setCurrency(chosen)
    setLink(undefined)
  }
  return (
    <Dialog close={close} title="Statement">
      <div className="stack">
        <div className="days">
          <TextInput label="From" type="date" value={from} max={to} onChange={set(setFrom)} data-autofocus />
          <TextInput label="To, included" type="date" value={to} min={from} onChange={set(setTo)} />
        </div>
        <CurrencySelect label="Currency" value={currency} choose={choose} first={own} />
        <p className="quiet">Days are those of {format.timeZone}.</p>
        <Problem error={error} />
        {link !== undefined && (
          <div className="card stack tight">
            <p>
              <a ref={(made) => made?.focus()} key={link.url} href={link.url} target="_blank" rel="noreferrer">
                Open the statement
              </a>{' '}
              to read, print, or save it as PDF.
            </p>
            <p className="quiet">
              Whoever has the link can read it, to {shortTime(link.expiresAt, format)}.{' '}
              <Copyable text={link.url} label="Copy the link" />
            </p>
          </div>
        )}
        <div className="row">
          {can('customers:write') && (
            <Button onClick={() => run('link')} loading={busy === 'link'}>
              Make a link
            </Button>
          )}
          <Button variant="default" onClick={() => run('csv')} loading={busy === 'csv'}>
            Save as CSV
          </Button>
        </div>
        {!can('customers:write') && <p className="quiet">For a link: {needSentence('customers:write')}</p>}
      </div>
    </Dialog>
  )
}
