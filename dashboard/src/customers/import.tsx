import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useSession } from '../base/context.ts'
import { readCsv, writeCsv } from '../base/csv.ts'
import { newKey } from '../base/keys.ts'
import { tell } from '../base/problems.ts'
import { Problem, saveFile } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { Dialog } from '../parts/dialog.tsx'
import { type ImportRow, readRows } from './import-rows.ts'

const shown = 20
const most = 20_000
/** So many are sent at once: a browser has six connections, and one follows the events. */
const atOnce = 4

interface Progress {
  done: number
  created: number
  refused: { row: ImportRow; why: string }[]
}

/** Customers from a CSV file: first what would be made, then the making, row by row. */
export function ImportCustomers({ close }: { close: () => void }) {
  const { cashful } = useSession()
  const queries = useQueryClient()
  const [rows, setRows] = useState<ImportRow[]>()
  const [error, setError] = useState<unknown>(null)
  const [progress, setProgress] = useState<Progress>()
  const stopped = useRef(false)
  const good = rows?.filter(({ problem }) => problem === undefined) ?? []
  const isRunning = progress !== undefined && progress.done < good.length && !stopped.current
  const read = async (file: File | undefined) => {
    if (file === undefined) return
    setError(null)
    setProgress(undefined)
    try {
      const found = readRows(readCsv(await file.text()))
      if (found.length > most)
        throw new Error(
          `The file has ${found.length.toLocaleString()} rows. At most ${most.toLocaleString()} are read at once.`,
        )
      setRows(found)
    } catch (failure) {
      setRows(undefined)
      setError(failure)
    }
  }
  const run = async () => {
    // One key for each row, so that a row is made once however often it is sent.
    const key = newKey()
    const state: Progress = { done: 0, created: 0, refused: [] }
    stopped.current = false
    setProgress({ ...state })
    const queue = good.values()
    const work = async () => {
      for (const row of queue) {
        if (stopped.current) return
        try {
          await cashful.customers.create(row.given, { idempotencyKey: `${key}-${row.number}` })
          state.created += 1
        } catch (failure) {
          state.refused.push({ row, why: tell(failure).sentence })
        }
        state.done += 1
        setProgress({ ...state })
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    queries.invalidateQueries({ queryKey: ['customers'] })
  }
  const stop = () => {
    stopped.current = true
    close()
  }
  return (
    <Dialog close={stop} title="Import customers" size="lg" closeOnClickOutside={false}>
      <div className="stack">
        <p>
          A CSV file whose first row names the columns: name (or first name and last name), phone, e-mail. Every other
          column is stored as metadata. A customer whose e-mail is taken is refused, and nothing of theirs is changed.
        </p>
        <input
          type="file"
          accept=".csv,text/csv"
          aria-label="CSV file"
          disabled={isRunning}
          onChange={(event) => read(event.currentTarget.files?.[0])}
        />
        <Problem error={error} />
        {rows !== undefined && progress === undefined && <Preview rows={rows} good={good.length} />}
        {progress !== undefined && <Result progress={progress} total={good.length} />}
        <div className="row">
          {progress === undefined && (
            <Button onClick={run} disabled={good.length === 0}>
              Create {good.length.toLocaleString()} {good.length === 1 ? 'customer' : 'customers'}
            </Button>
          )}
          <Button variant="default" onClick={stop}>
            {isRunning ? 'Stop' : 'Close'}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

function Preview({ rows, good }: { rows: readonly ImportRow[]; good: number }) {
  const left = rows.length - good
  return (
    <div className="stack">
      <div className="stack tight">
        <p role="status">
          {good.toLocaleString()} of {rows.length.toLocaleString()} {rows.length === 1 ? 'row' : 'rows'} can be sent
          {left > 0 && (
            <span className="bad">
              , {left.toLocaleString()} {left === 1 ? 'is' : 'are'} left out
            </span>
          )}
          .
        </p>
        <p className="quiet">The server checks each of them again. A row that it refuses is listed with the reason.</p>
      </div>
      <Rows title="Left out" rows={rows.filter(({ problem }) => problem !== undefined)} />
      <Rows title="To be created" rows={rows.filter(({ problem }) => problem === undefined)} />
    </div>
  )
}

/** Rows in the order of the file. */
function Rows({ title, rows }: { title: string; rows: readonly ImportRow[] }) {
  if (rows.length === 0) return null
  return (
    <section className="stack tight">
      <h3>{title}</h3>
      <div className="table">
        {rows.slice(0, shown).map(({ number, given, problem }) => (
          <div
            key={number}
            className="tr whole"
            style={columns('64px minmax(0, 1fr) minmax(0, 1.2fr) minmax(0, 1.2fr)')}
          >
            <span className="quiet">Row {number}</span>
            <span>{given.name ?? '–'}</span>
            <span>{[given.phoneNumber, given.email].filter(Boolean).join(' · ') || '–'}</span>
            <span className={problem === undefined ? 'quiet' : 'bad'}>
              {problem ??
                Object.entries(given.metadata)
                  .map(([name, value]) => `${name}: ${value}`)
                  .join(', ')}
            </span>
          </div>
        ))}
      </div>
      {rows.length > shown && <p className="quiet">And {(rows.length - shown).toLocaleString()} more.</p>}
    </section>
  )
}

function Result({ progress, total }: { progress: Progress; total: number }) {
  const { done, created, refused } = progress
  const save = () => {
    const rows = refused
      .toSorted((a, b) => a.row.number - b.row.number)
      .map(({ row: { number, given }, why }) => [
        String(number),
        given.name ?? '',
        given.phoneNumber ?? '',
        given.email ?? '',
        why,
      ])
    saveFile('refused.csv', writeCsv([['row', 'name', 'phone', 'email', 'reason'], ...rows]), 'text/csv')
  }
  return (
    <div className="stack tight">
      <progress max={total} value={done} aria-label="Progress" style={{ width: '100%' }} />
      <p role="status">
        {created.toLocaleString()} of {total.toLocaleString()} created
        {refused.length > 0 && <span className="bad">, {refused.length.toLocaleString()} refused</span>}.
      </p>
      {refused
        .toSorted((a, b) => a.row.number - b.row.number)
        .slice(0, 5)
        .map(({ row, why }) => (
          <p key={row.number} className="small">
            Row {row.number}: {why}
          </p>
        ))}
      {refused.length > 0 && (
        <p>
          <button type="button" className="link-button" onClick={save}>
            Save the refused rows as CSV
          </button>
        </p>
      )}
    </div>
  )
}
