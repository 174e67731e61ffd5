import { Button, Modal } from '@mantine/core'
import { useRef, useState } from 'react'
import { useSession } from '../base/context.ts'
import { writeCsv } from '../base/csv.ts'
import { Problem, saveFile } from '../parts/basics.tsx'

/** The customers that are found, as CSV. It is read a hundred at a time, and can be stopped. */
export function ExportCustomers({ search, close }: { search: string; close: () => void }) {
  const { cashful } = useSession()
  const [progress, setProgress] = useState<{ read: number; total: number }>()
  const [error, setError] = useState<unknown>(null)
  const leaving = useRef(new AbortController())
  const run = async () => {
    setError(null)
    leaving.current = new AbortController()
    const { signal } = leaving.current
    const rows = [['id', 'name', 'phone', 'email', 'created at', 'metadata']]
    try {
      const query = search === '' ? {} : { search }
      for await (const page of cashful.customers.list({ ...query, limit: 100 }, { signal }).pages()) {
        for (const { id, name = '', phoneNumber, email = '', createdAt, metadata } of page.data) {
          rows.push([id, name, phoneNumber, email, createdAt, JSON.stringify(metadata)])
        }
        setProgress({ read: rows.length - 1, total: page.pagination.total })
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
    <Modal opened onClose={stop} title="Export customers" centered>
      <div className="stack">
        <p>
          {search === '' ? 'All customers' : `The customers found by “${search}”`} as CSV: id, name, phone, e-mail,
          metadata.
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
    </Modal>
  )
}
