import { Button } from '@mantine/core'
import { useState } from 'react'
import { useSession } from '../base/context.ts'
import { Problem, saveFile } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialog.tsx'
import type { DialogProps } from './money-dialogs.tsx'

/** Everything stored of a customer as one JSON file, for the person who asks for it. */
export function ExportFile({ id, close }: DialogProps) {
  const { mteja } = useSession()
  const [size, setSize] = useState<number>()
  const [error, setError] = useState<unknown>(null)
  const run = async () => {
    setError(null)
    setSize(0)
    try {
      const parts: BlobPart[] = []
      let bytes = 0
      const reader = (await mteja.customers.export(id)).getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        parts.push(part.value as Uint8Array<ArrayBuffer>)
        bytes += part.value.length
        setSize(bytes)
      }
      saveFile(`${id}.json`, new Blob(parts), 'application/json')
      close()
    } catch (failure) {
      setError(failure)
      setSize(undefined)
    }
  }
  return (
    <Dialog close={close} title="Everything stored, as a file">
      <div className="stack">
        <p>
          Profile, balances, instruments, identity checks, the whole history, events and who did what, as JSON. Account
          numbers and identity details are masked.
        </p>
        <p className="quiet" role="status">
          {size === undefined ? ' ' : `${Math.ceil(size / 1024).toLocaleString()} KiB so far`}
        </p>
        <Problem error={error} />
        <div className="row">
          <Button onClick={run} loading={size !== undefined}>
            Save the file
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
