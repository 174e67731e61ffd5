import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { exactTime } from '../base/times.ts'
import { useNames } from '../customers/queries.ts'
import { Copyable, Empty, Facts, Json, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { Panel } from '../parts/dialog.tsx'
import { More } from '../parts/more.tsx'
import { useOpened } from '../parts/opened.ts'
import { useSteps } from '../parts/steps.ts'

interface EventListProps {
  queryKey: readonly unknown[]
  query: Omit<Mteja.ListEventsQuery, 'before' | 'limit'>
}

/** Past events, newest first. Each opens to what was told. */
export function EventList({ queryKey, query }: EventListProps) {
  const { mteja } = useSession()
  const [opened, open] = useOpened('event')
  const list = useSteps(queryKey, (before) => mteja.events.list({ ...query, limit: 50, ...(before && { before }) }))
  const name = useNames(list.items?.map(({ customerId }) => customerId) ?? [])
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  if (list.items === undefined) return null
  return (
    <div className="stack">
      {list.items.length === 0 && !list.hasNextPage && <Empty title="Nothing has happened yet" />}
      <div className="table">
        {list.items.map((event) => (
          <button
            key={event.id}
            type="button"
            className="tr"
            style={columns('minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1fr) 110px')}
            onClick={() => open(event.id)}
          >
            <span>{event.type}</span>
            <span className="code">{event.id}</span>
            <span className="quiet">{event.customerId && name(event.customerId)}</span>
            <span className="end quiet">
              <When at={event.createdAt} />
            </span>
          </button>
        ))}
      </div>
      <More list={list} />
      {opened !== null && <EventPanel id={opened} close={() => open(null)} />}
    </div>
  )
}

function EventPanel({ id, close }: { id: string; close: () => void }) {
  const { mteja, format } = useSession()
  const {
    data: event,
    error,
    refetch,
  } = useQuery({
    queryKey: ['developers', 'event', id],
    queryFn: () => mteja.events.retrieve(id),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (event === undefined) {
    return (
      <Panel close={close} title="Event">
        <Problem error={error} again={refetch} />
      </Panel>
    )
  }
  return (
    <Panel close={close} title={event.type}>
      <div className="stack wide">
        <Facts
          of={[
            ['Id', <Copyable key="id" text={event.id} />],
            ['When', exactTime(event.createdAt, format)],
            [
              'Customer',
              event.customerId === null ? (
                '–'
              ) : (
                <Link key="customer" href={`/customers/${event.customerId}`}>
                  {event.customerId}
                </Link>
              ),
            ],
          ]}
        />
        <Json value={event.data} />
      </div>
    </Panel>
  )
}
