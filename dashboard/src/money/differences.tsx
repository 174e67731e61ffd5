import { Button, NativeSelect, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { newKey } from '../base/keys.ts'
import { formatMoney } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import { plain } from '../base/words.ts'
import { useRefresh } from '../customers/queries.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'

/** How the account at the processor and the books differ, and what to do about each difference. */
export function Differences() {
  const { mteja, can } = useSession()
  const [isAll, setAll] = useState(false)
  const [chosen, setChosen] = useState<{ outcome: 'accepted' | 'resolved'; difference: Mteja.Difference }>()
  const list = useSteps(['money', 'differences', isAll], (before) =>
    mteja.reconciliations.listDifferences({
      limit: 50,
      ...(!isAll && { status: 'open' as const }),
      ...(before && { before }),
    }),
  )
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      <Last />
      <div className="row apart">
        <NativeSelect
          aria-label="Which"
          value={isAll ? 'all' : 'open'}
          onChange={(event) => setAll(event.currentTarget.value === 'all')}
          data={[
            { value: 'open', label: 'Open' },
            { value: 'all', label: 'All' },
          ]}
        />
        {!can('pay_ins:write') && <span className="quiet">{needSentence('pay_ins:write')}</span>}
      </div>
      {list.items?.length === 0 && (
        <Empty title={isAll ? 'No difference was ever found' : 'No difference is open'}>
          <p>The account at your processor is compared with the books once a day. The line above says when last.</p>
        </Empty>
      )}
      <div className="table">
        {list.items?.map((difference) => (
          <div key={difference.id} className="tr" style={columns('130px minmax(0, 1fr) 140px 110px 150px')}>
            <span>
              <Badge tone={difference.status === 'open' ? 'warn' : ''}>{plain(difference.kind)}</Badge>
            </span>
            <span>
              {plain(difference.subject)} {difference.reference ?? difference.name}
              <br />
              <span className="quiet">{difference.reason ?? difference.advice}</span>
            </span>
            <span className="end">
              <Money amount={difference.amount} currency={difference.currency} />
            </span>
            <span className="quiet">
              <When at={difference.occurredAt} />
            </span>
            {difference.status === 'open' && can('pay_ins:write') ? (
              <span className="row">
                {(['accepted', 'resolved'] as const).map((outcome) => (
                  <button
                    key={outcome}
                    type="button"
                    className="link-button"
                    onClick={() => setChosen({ outcome, difference })}
                  >
                    {outcome === 'accepted' ? 'Accept' : 'Put right'}
                  </button>
                ))}
              </span>
            ) : (
              <span className="quiet">{plain(difference.status)}</span>
            )}
          </div>
        ))}
      </div>
      <More list={list} />
      {chosen !== undefined && <Close {...chosen} close={() => setChosen(undefined)} />}
    </div>
  )
}

/** The newest reconciliation, and the button for another. */
function Last() {
  const { mteja, can } = useSession()
  const refresh = useRefresh('')
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>(null)
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'reconciliation'],
    queryFn: async () => (await mteja.reconciliations.list({ limit: 1 }).page()).data[0] ?? null,
  })
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  const compare = async () => {
    setBusy(true)
    setFailure(null)
    try {
      await mteja.reconciliations.create({}, { idempotencyKey: newKey() })
      refresh()
      await refetch()
    } catch (problem) {
      setFailure(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <div className="row apart">
        {data ? (
          <span>
            Compared <When at={data.createdAt} />: {plain(data.status).toLowerCase()}, {data.completed} booked now
            {data.failure === null ? '' : `. ${data.failure}`}
          </span>
        ) : (
          <span className="quiet">Not compared yet</span>
        )}
        {can('pay_ins:write') && (
          <Button variant="default" loading={isBusy} onClick={compare}>
            Compare now
          </Button>
        )}
      </div>
      {failure !== null && <Problem error={failure} />}
    </>
  )
}

interface Closing {
  outcome: 'accepted' | 'resolved'
  difference: Mteja.Difference
  close: () => void
}

function Close({ outcome, difference, close }: Closing) {
  const { mteja, format } = useSession()
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState<string>()
  const refresh = useRefresh('')
  const notice = useNotice()
  const amount = formatMoney(difference.amount, difference.currency, format)
  const ask = () => {
    const given = reason.trim()
    setProblem(given === '' ? 'Say why.' : undefined)
    if (given === '') return undefined
    const sentences = {
      accepted: `The difference of ${amount} stays as it is. From now on it counts in the expected balance.`,
      resolved: `You say that the difference of ${amount} was put right. If it is found again, it is open again.`,
    }
    return {
      sentence: sentences[outcome],
      button: outcome === 'accepted' ? `Accept ${amount}` : 'Close it as put right',
      run: (idempotencyKey: string) =>
        mteja.reconciliations.closeDifference(difference.id, { outcome, reason: given }, { idempotencyKey }),
    }
  }
  const done = () => {
    refresh()
    notice({ text: 'The difference was closed.' })
  }
  return (
    <Action
      title={outcome === 'accepted' ? 'Accept a difference' : 'A difference was put right'}
      close={close}
      ask={ask}
      done={done}
    >
      <p>{difference.advice}</p>
      <Textarea
        label="The reason"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        error={problem}
      />
    </Action>
  )
}
