import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import { Link } from 'wouter'
import { ConnectionError, TimeoutError } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { useLive } from '../base/live.ts'
import { kindWord, plain } from '../base/words.ts'
import { Bars } from '../parts/bars.tsx'
import { Badge, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { most, needsQuery, numbersQuery, recentQuery } from './reads.ts'

/** What needs somebody, how the business goes, and what has just happened. */
export function Home() {
  const { merchant } = useSession()
  return (
    <div className="stack wide">
      <div className="title-line">
        <h1>{merchant.name}</h1>
      </div>
      <NeedsYou>
        <Numbers />
        <Recent />
      </NeedsYou>
    </div>
  )
}

const atMost = (count: number) => (count >= most ? `${most} or more` : String(count))

/** What stands under it comes after it, so that nothing moves. */
function NeedsYou({ children }: { children: ReactNode }) {
  const session = useSession()
  const { data, error, refetch } = useQuery(needsQuery(session))
  if (error !== null && data === undefined) {
    // A server that is away gives one and the same answer to every part.
    const isAway = error instanceof ConnectionError || error instanceof TimeoutError
    return (
      <>
        <Problem error={error} again={refetch} />
        {!isAway && children}
      </>
    )
  }
  const lines: [string, ReactNode, string][] = []
  if (data !== undefined) {
    for (const { direction, processor, lastError } of data.processors) {
      const to = direction === 'in' ? 'takes money' : 'sends money'
      lines.push([
        'Failing',
        `The processor that ${to} (${processor}) fails: ${lastError ?? 'nobody knows why'}`,
        '/money?tab=settings',
      ])
    }
    if (data.pause !== null)
      lines.push(['Paused', 'Nothing is sent: no payout, refund, charge or webhook', '/money?tab=settings'])
    if (data.approvalsOfMine > 0)
      lines.push(['Approvals', `Waiting for you: ${atMost(data.approvalsOfMine)}`, '/money?tab=approvals'])
    // For whoever decides, and may have asked: nobody else can do anything about it.
    if (session.can('approve') && data.approvals > data.approvalsOfMine) {
      const words = `Waiting for another person than you: ${atMost(data.approvals - data.approvalsOfMine)}`
      lines.push(['Approvals', words, '/money?tab=approvals&which=waiting'])
    }
    if (data.payouts > 0)
      lines.push(['Payouts', `Payouts that need a person: ${atMost(data.payouts)}`, '/money?tab=payouts&attention=yes'])
    if (data.suspense > 0)
      lines.push(['Money', `${atMost(data.suspense)} in suspense without an owner`, '/money?tab=suspense'])
    if (data.differences > 0) {
      const words = `${atMost(data.differences)} differences between the account and the books`
      lines.push(['Money', words, '/money?tab=reconciliation'])
    }
    if (data.refunds > 0)
      lines.push(['Refunds', `${data.refunds} of the newest refunds need a person`, '/money?tab=refunds'])
    if (data.failed > 0) {
      lines.push([
        'Webhooks',
        `${atMost(data.failed)} deliveries were given up`,
        '/developers?tab=deliveries&status=failed',
      ])
    }
  }
  return (
    <>
      <section className="stack tight needs">
        <h2>Needs you</h2>
        {data !== undefined && lines.length === 0 && <p className="quiet">Nothing waits for anybody.</p>}
        {lines.length > 0 && (
          <div className="table">
            {lines.map(([kind, words, to]) => (
              <Link key={`${kind} ${words}`} href={to} className="tr" style={columns('110px minmax(0, 1fr)')}>
                <span>
                  <Badge tone="warn">{kind}</Badge>
                </span>
                <span>{words}</span>
              </Link>
            ))}
          </div>
        )}
      </section>
      {data !== undefined && children}
    </>
  )
}

function Numbers() {
  const session = useSession()
  const [currency = ''] = session.merchant.currencies
  const { data, error, refetch } = useQuery(numbersQuery(session))
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  const moved = data?.analytics.transactions
  const fresh = data?.analytics.newCustomers
  return (
    <section className="stack">
      <h2>How it goes</h2>
      <div className="tiles">
        <Tile name="Your balance">{data && <Money amount={data.summary.balance} currency={currency} />}</Tile>
        <Tile name="Customers" more={fresh && `${fresh.weekly.toLocaleString()} new in 7 days`}>
          {data?.summary.customers.toLocaleString()}
        </Tile>
        <Tile
          name={`Moved in 24 hours (${currency})`}
          more={moved && `${moved.daily.count.toLocaleString()} movements`}
        >
          {moved && <Money amount={moved.daily.sum} currency={currency} />}
        </Tile>
        <Tile
          name={`Moved in 30 days (${currency})`}
          more={moved && `${moved.monthly.count.toLocaleString()} movements`}
        >
          {moved && <Money amount={moved.monthly.sum} currency={currency} />}
        </Tile>
      </div>
      <Days days={moved?.breakdown ?? []} currency={currency} />
    </section>
  )
}

function Tile({ name, more, children }: { name: string; more?: string | undefined; children: ReactNode }) {
  return (
    <div className="card stack tight">
      <span className="quiet">{name}</span>
      <span className="big">{children ?? '\u00a0'}</span>
      <span className="quiet">{more ?? '\u00a0'}</span>
    </div>
  )
}

interface Day {
  date: string
  count: number
  sum: number
}

function Days({ days, currency }: { days: readonly Day[]; currency: string }) {
  const bars = days.map(({ date, count, sum }) => ({ day: date.slice(0, 10), count, amount: sum }))
  return (
    <div className="card stack tight">
      <span className="quiet">Moved each day of the last 30 ({currency})</span>
      <Bars label="Moved" bars={bars} currency={currency} />
    </div>
  )
}

function Recent() {
  const live = useLive()
  const { data, error, refetch } = useQuery(recentQuery(useSession()))
  const state = useMemo(() => (live.state === 'live' ? 'as it happens' : 'connecting'), [live.state])
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  return (
    <section className="stack tight">
      <div className="row apart">
        <h2>What has just happened</h2>
        <span className="quiet" style={{ minWidth: 96 }}>
          {state}
        </span>
      </div>
      {data?.events.length === 0 && (
        <Empty title="Nothing yet">
          <p>
            <Link href="/customers?new">Make the first customer</Link>, or{' '}
            <Link href="/developers?tab=snippets">call the API</Link>.
          </p>
        </Empty>
      )}
      <div className="table">
        {data?.events.map((event) => {
          const { amount, currency } = event.data
          return (
            <Link
              key={event.id}
              href={event.customerId === null ? '/developers?tab=events' : `/customers/${event.customerId}`}
              className="tr two"
              style={columns('minmax(0, 1.4fr) minmax(0, 1fr) 140px 110px')}
            >
              <span>{eventWords(event.type)}</span>
              <span className="quiet">
                {event.customerId && (data.names.get(event.customerId) ?? event.customerId)}
              </span>
              <span className="end">
                {typeof amount === 'number' && typeof currency === 'string' && (
                  <Money amount={amount} currency={currency} />
                )}
              </span>
              <span className="end quiet">
                <When at={event.createdAt} />
              </span>
            </Link>
          )
        })}
      </div>
    </section>
  )
}

/** `pay_in.succeeded` is "Pay-in: succeeded". */
function eventWords(type: string): string {
  const [thing = '', ...what] = type.split('.')
  return [kindWord(thing), plain(what.join(' ')).toLowerCase()].filter(Boolean).join(': ')
}
