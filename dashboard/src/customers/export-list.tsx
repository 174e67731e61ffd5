import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { useSession } from '../base/context.ts'
import { writeCsv } from '../base/csv.ts'
import { Problem, saveFile } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { type Chosen, isChosen, queryOf } from './conditions.ts'

/** The customers that are found, as CSV. It is read a hundred at a time, and can be stopped. */
export function ExportCustomers({ search, chosen, close }: { search: string; chosen: Chosen; close: () => void }) {
  const { mteja } = useSession()
  const [progress, setProgress] = useState<{ read: number; total: number }>()
  const [error, setError] = useState<unknown>(null)
  const leaving = useRef(new AbortController())
  const run = async () => {
    setError(null)
    leaving.current = new AbortController()
    const { signal } = leaving.current
    const rows = [
      ['id', 'name', 'phone', 'email', 'identified', 'risk', 'created at', 'available, minor units', 'metadata'],
    ]
    try {
      const query = { ...queryOf(chosen), ...(search && { search }) }
      for await (const page of mteja.customers.list({ ...query, limit: 100 }, { signal }).pages()) {
        const read = rows.length - 1
        for (const {
          id,
          name,
          phoneNumber,
          email,
          identified,
          riskAction,
          createdAt,
          balances,
          metadata,
        } of page.data) {
          const money = balances.map(({ available, currency }) => `${currency} ${available}`).join(', ')
          rows.push([
            id,
            name ?? '',
            phoneNumber ?? '',
            email ?? '',
            identified ? 'yes' : 'no',
            riskAction,
            createdAt,
            money,
            JSON.stringify(metadata),
          ])
        }
        // Each page is told how many are left from its beginning on.
        setProgress({ read: rows.length - 1, total: read + page.total })
      }
      saveFile('customers.csv', writeCsv(rows), 'text/csv')
      close()
    } catch (failure) {
      setProgress(undefined)
      if (!signal.aborted) setError(failure)
    }
  }
  const stop = () => {
    leaving.current.abort()
    close()
  }
  return (
    <Dialog close={stop} title="Export customers">
      <div className="stack">
        <p>
          {search === '' && !isChosen(chosen) ? 'All customers' : 'The customers that are found now'} as CSV: id, name,
          phone, e-mail, identification, risk, what is available in each currency, and metadata.
        </p>
        {progress !== undefined && (
          <>
            <progress max={progress.total} value={progress.read} aria-label="Progress" style={{ width: '100%' }} />
            <p className="quiet" role="status">
              {progress.read.toLocaleString()} of {progress.total.toLocaleString()}
            </p>
          </>
        )}
        <Problem error={error} />
        <div className="row">
          <Button onClick={run} loading={progress !== undefined}>
            Save as CSV
          </Button>
          <Button variant="default" onClick={stop}>
            Cancel
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
