import { Drawer } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { exactTime } from '../base/times.ts'
import { Copyable, Empty, Facts, Json, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'

interface EventListProps {
  queryKey: readonly unknown[]
  query: Omit<Mteja.ListEventsQuery, 'before' | 'limit'>
}

/** Past events, newest first. Each opens to what was told. */
export function EventList({ queryKey, query }: EventListProps) {
  const { mteja } = useSession()
  const [opened, setOpened] = useState<Mteja.Event>()
  const list = useSteps(queryKey, (before) => mteja.events.list({ ...query, limit: 50, ...(before && { before }) }))
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  if (list.items === undefined) return null
  if (list.items.length === 0 && !list.hasNextPage) return <Empty title="Nothing has happened yet" />
  return (
    <div className="stack">
      <div className="table">
        {list.items.map((event) => (
          <button
            key={event.id}
            type="button"
            className="tr"
            style={columns('minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1fr) 110px')}
            onClick={() => setOpened(event)}
          >
            <span>{event.type}</span>
            <span className="code">{event.id}</span>
            <span className="code quiet">{event.customerId ?? ''}</span>
            <span className="end quiet">
              <When at={event.createdAt} />
            </span>
          </button>
        ))}
      </div>
      <More list={list} />
      {opened !== undefined && <EventPanel event={opened} close={() => setOpened(undefined)} />}
    </div>
  )
}

export function EventPanel({ event, close }: { event: Mteja.Event; close: () => void }) {
  const { format } = useSession()
  return (
    <Drawer opened onClose={close} position="right" size="min(560px, 100vw)" title={event.type}>
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
                <Link key="customer" href={`/customers/${event.customerId}`} onClick={close}>
                  {event.customerId}
                </Link>
              ),
            ],
          ]}
        />
        <Json value={event.data} />
      </div>
    </Drawer>
  )
}
