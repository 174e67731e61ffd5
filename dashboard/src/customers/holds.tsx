import { Checkbox } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { editable, formatMoney, readAmount } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import { plain } from '../base/words.ts'
import { Action } from '../parts/action.tsx'
import { AmountField } from '../parts/amount-field.tsx'
import { Badge, Copyable, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { nameOf } from './names.ts'
import { type Profile, useRefresh } from './queries.ts'

/** Amounts that are reserved, and what became of them. */
export function Holds({ id, profile }: { id: string; profile: Profile }) {
  const { mteja, can } = useSession()
  const [chosen, setChosen] = useState<{ hold: Mteja.Hold; act: 'capture' | 'release' }>()
  const holds = useInfiniteQuery({
    queryKey: ['customer', id, 'holds'],
    queryFn: ({ pageParam }) => mteja.holds.list({ customerId: id, limit: 50, offset: pageParam }).page(),
    initialPageParam: 0,
    getNextPageParam: ({ total, data }, _pages, offset) =>
      offset + data.length < total ? offset + data.length : undefined,
  })
  if (holds.error !== null) return <Problem error={holds.error} again={holds.refetch} />
  const all = holds.data?.pages.flatMap(({ data }) => data)
  if (all === undefined) return null
  if (all.length === 0) {
    return (
      <Empty title="Nothing was ever reserved">
        <p>A hold reserves an amount for something that is not certain yet. “Act”, “Place a hold” makes one.</p>
      </Empty>
    )
  }
  return (
    <div className="stack">
      <div className="table">
        {all.map((hold) => (
          <div key={hold.id} className="tr" style={columns('104px minmax(0, 1fr) 140px 120px 150px')}>
            <span>
              <Badge tone={hold.status === 'placed' ? 'warn' : ''}>{plain(hold.status)}</Badge>
            </span>
            <span>
              {hold.description ?? 'Hold'} <Copyable text={hold.id} />
              {hold.captured > 0 && (
                <span className="quiet">
                  {' '}
                  captured <Money amount={hold.captured} currency={hold.currency} />
                </span>
              )}
            </span>
            <span className="end">
              <Money amount={hold.status === 'placed' ? hold.remaining : hold.amount} currency={hold.currency} />
            </span>
            <span className="end quiet">
              <When at={hold.createdAt} />
            </span>
            {hold.status === 'placed' && can('money:write') ? (
              <span className="row">
                <button type="button" className="link-button" onClick={() => setChosen({ hold, act: 'capture' })}>
                  Capture
                </button>
                <button type="button" className="link-button" onClick={() => setChosen({ hold, act: 'release' })}>
                  Release
                </button>
              </span>
            ) : (
              <span className="quiet">
                {hold.expiresAt !== null && hold.status === 'placed' && <When at={hold.expiresAt} />}
              </span>
            )}
          </div>
        ))}
      </div>
      <More list={holds} />
      {!can('money:write') && <p className="quiet">{needSentence('money:write')}</p>}
      {chosen?.act === 'capture' && <CaptureDialog {...chosen} profile={profile} close={() => setChosen(undefined)} />}
      {chosen?.act === 'release' && <ReleaseDialog {...chosen} profile={profile} close={() => setChosen(undefined)} />}
    </div>
  )
}

interface HoldDialogProps {
  hold: Mteja.Hold
  profile: Profile
  close: () => void
}

function CaptureDialog({ hold, profile, close }: HoldDialogProps) {
  const { mteja, format } = useSession()
  const refresh = useRefresh(hold.customerId)
  const notice = useNotice()
  const { currency, remaining } = hold
  const [text, setText] = useState(editable(remaining, currency))
  const [isFinal, setFinal] = useState(false)
  const [problem, setProblem] = useState<string>()
  const ask = () => {
    const read = readAmount(text, currency)
    const tooMuch = 'amount' in read && read.amount > BigInt(remaining)
    setProblem(
      'problem' in read
        ? read.problem
        : tooMuch
          ? `At most ${formatMoney(remaining, currency, format)} is left.`
          : undefined,
    )
    if ('problem' in read || tooMuch) return undefined
    const rest = BigInt(remaining) - read.amount
    const money = formatMoney(read.amount, currency, format)
    const then = isFinal ? 'released to the customer' : 'still reserved'
    return {
      sentence: (
        <>
          {money} of the hold of <strong>{nameOf(profile.customer)}</strong> goes to the merchant.
          {rest > 0n && ` ${formatMoney(rest, currency, format)} is ${then}.`}
        </>
      ),
      button: `Capture ${money}`,
      run: (idempotencyKey: string) =>
        mteja.holds.capture(hold.id, { amount: read.amount, final: isFinal }, { idempotencyKey }),
    }
  }
  const done = () => {
    refresh()
    notice({ text: 'The amount was captured.' })
  }
  return (
    <Action title="Capture a hold" close={close} ask={ask} done={done} isDangerous>
      <AmountField currency={currency} value={text} set={setText} problem={problem} />
      <Checkbox
        label="Release the rest"
        checked={isFinal}
        onChange={(event) => setFinal(event.currentTarget.checked)}
      />
    </Action>
  )
}

function ReleaseDialog({ hold, profile, close }: HoldDialogProps) {
  const { mteja, format } = useSession()
  const refresh = useRefresh(hold.customerId)
  const notice = useNotice()
  const money = formatMoney(hold.remaining, hold.currency, format)
  const ask = () => ({
    sentence: (
      <>
        {money} is no longer reserved, and <strong>{nameOf(profile.customer)}</strong> can spend it.
      </>
    ),
    button: `Release ${money}`,
    run: (idempotencyKey: string) => mteja.holds.release(hold.id, { idempotencyKey }),
  })
  const done = () => {
    refresh()
    notice({ text: 'The hold was released.' })
  }
  return (
    <Action title="Release a hold" close={close} ask={ask} done={done}>
      <p>{hold.description ?? hold.id}</p>
    </Action>
  )
}
