import { useCallback, useState } from 'react'
import type { Notice } from '../base/context.ts'
import { tell } from '../base/problems.ts'

/** As long as something can be taken back. */
const undoMs = 10_000
const plainMs = 5_000

interface Shown extends Notice {
  number: number
}

let last = 0

export function useNotices() {
  const [notices, setNotices] = useState<readonly Shown[]>([])
  const close = useCallback((number: number) => {
    setNotices((before) => before.filter((each) => each.number !== number))
  }, [])
  const show = useCallback(
    (notice: Notice) => {
      last += 1
      const number = last
      setNotices((before) => [...before, { ...notice, number }].slice(-3))
      setTimeout(() => close(number), notice.undo === undefined ? plainMs : undoMs)
    },
    [close],
  )
  return { notices, show, close }
}

export function Notices({ notices, close }: { notices: readonly Shown[]; close: (number: number) => void }) {
  return (
    <div className="notices" role="status">
      {notices.map((notice) => (
        <Line key={notice.number} notice={notice} close={() => close(notice.number)} />
      ))}
    </div>
  )
}

function Line({ notice, close }: { notice: Shown; close: () => void }) {
  const [failure, setFailure] = useState<string>()
  const undo = async () => {
    try {
      await notice.undo?.()
      close()
    } catch (error) {
      setFailure(tell(error).sentence)
    }
  }
  return (
    <div className="notice">
      <span>{failure ?? notice.text}</span>
      {notice.undo !== undefined && failure === undefined ? (
        <button type="button" onClick={undo}>
          Undo
        </button>
      ) : (
        <button type="button" onClick={close}>
          Close
        </button>
      )}
    </div>
  )
}
