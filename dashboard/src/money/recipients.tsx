import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { Copyable, Empty, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'
import { useBankNames } from './banks.ts'
import { destinationWords } from './payout-state.tsx'

/** The places to which payouts may go. One that is stopped can be taken back for ten seconds. */
export function Recipients() {
  const { mteja, can } = useSession()
  const queries = useQueryClient()
  const notice = useNotice()
  const banks = useBankNames()
  const [failure, setFailure] = useState<unknown>(null)
  const list = useSteps(['money', 'recipients'], (before) =>
    mteja.recipients.list({ limit: 50, ...(before && { before }) }),
  )
  const stop = async ({ id, accountName }: Mteja.Recipient) => {
    setFailure(null)
    const set = async (active: boolean) => {
      await mteja.recipients.update(id, { active })
      await queries.invalidateQueries({ queryKey: ['money', 'recipients'] })
    }
    try {
      await set(false)
      notice({ text: `No new payout goes to ${accountName ?? id}.`, undo: () => set(true) })
    } catch (error) {
      setFailure(error)
    }
  }
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      <Problem error={failure} />
      {list.items?.length === 0 && (
        <Empty title="Nobody was paid out to yet">
          <p>A new bank account of a payout becomes a recipient. The same account is the same recipient.</p>
        </Empty>
      )}
      <div className="table">
        {list.items?.map((recipient) => (
          <div
            key={recipient.id}
            className="tr"
            style={columns('minmax(0, 1fr) minmax(0, 1.2fr) 60px minmax(0, 1fr) 110px 60px')}
          >
            <span>{recipient.accountName ?? 'Name erased'}</span>
            <span>{destinationWords(recipient, banks)}</span>
            <span className="quiet">{recipient.currency}</span>
            <span>
              <Copyable text={recipient.id} />
            </span>
            <span className="end quiet">
              <When at={recipient.createdAt} />
            </span>
            {can('payouts:write') ? (
              <button type="button" className="link-button" onClick={() => stop(recipient)}>
                Stop<span className="hidden"> payouts to {recipient.accountName ?? recipient.id}</span>
              </button>
            ) : (
              <span />
            )}
          </div>
        ))}
      </div>
      <More list={list} />
      {!can('payouts:write') && <p className="quiet">{needSentence('payouts:write')}</p>}
    </div>
  )
}
