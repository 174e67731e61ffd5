import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { exactTime } from '../base/times.ts'
import { Badge, Copyable, Empty, Facts, Json, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { Panel } from '../parts/dialog.tsx'
import { More } from '../parts/more.tsx'
import { useOpened } from '../parts/opened.ts'
import { useSteps } from '../parts/steps.ts'

interface DeliveryListProps {
  queryKey: readonly unknown[]
  query: Omit<Mteja.ListDeliveriesQuery, 'before' | 'limit'>
}

/** Events on their way to endpoints, newest first. Each opens to its attempts: the request, and the answer. */
export function DeliveryList({ queryKey, query }: DeliveryListProps) {
  const { mteja } = useSession()
  const [opened, open] = useOpened('delivery')
  const list = useSteps(queryKey, (before) => mteja.deliveries.list({ ...query, limit: 50, ...(before && { before }) }))
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  if (list.items === undefined) return null
  return (
    <div className="stack">
      {list.items.length === 0 && !list.hasNextPage && (
        <Empty title="Nothing was sent">
          <p>Events are sent once there is a webhook endpoint that wants them.</p>
        </Empty>
      )}
      <div className="table">
        {list.items.map((delivery) => (
          <button
            key={delivery.id}
            type="button"
            className="tr"
            style={columns('112px minmax(0, 1.2fr) minmax(0, 1.4fr) 110px')}
            onClick={() => open(delivery.id)}
          >
            <span>
              <DeliveryState delivery={delivery} />
            </span>
            <span>{delivery.eventType}</span>
            <span className="quiet">
              {delivery.failureReason ??
                `${delivery.attemptCount} ${delivery.attemptCount === 1 ? 'attempt' : 'attempts'}`}
            </span>
            <span className="end quiet">
              <When at={delivery.createdAt} />
            </span>
          </button>
        ))}
      </div>
      <More list={list} />
      {opened !== null && (
        <DeliveryPanel
          id={opened}
          listed={list.items.find(({ id }) => id === opened)}
          listKey={queryKey}
          close={() => open(null)}
        />
      )}
    </div>
  )
}

function DeliveryState({ delivery: { status, attemptCount } }: { delivery: Mteja.Delivery }) {
  if (status === 'delivered') return <Badge tone="good">Delivered ✓</Badge>
  if (status === 'failed') return <Badge tone="bad">Given up ✕</Badge>
  return <Badge tone="warn">{attemptCount === 0 ? 'Waiting' : 'Trying again'}</Badge>
}

const stateOf = ({ status, attemptCount }: Mteja.Delivery) => `${status} ${attemptCount}`

interface DeliveryPanelProps {
  id: string
  /** The delivery as its list knows it. */
  listed: Mteja.Delivery | undefined
  listKey: readonly unknown[]
  close: () => void
}

function DeliveryPanel({ id, listed, listKey, close }: DeliveryPanelProps) {
  const { mteja, format, can } = useSession()
  const queries = useQueryClient()
  const notice = useNotice()
  const [failure, setFailure] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const { data, error, refetch } = useQuery({
    queryKey: ['developers', 'delivery', id],
    queryFn: () => mteja.deliveries.retrieve(id),
    refetchInterval: ({ state }) => (state.data?.status === 'pending' ? 1000 : false),
  })
  // The row beside the panel says the same as the panel.
  const state = data && stateOf(data)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each state that the panel learns
  useEffect(() => {
    if (state !== undefined && listed !== undefined && state !== stateOf(listed))
      queries.invalidateQueries({ queryKey: listKey })
  }, [state])
  const resend = async () => {
    setBusy(true)
    setFailure(null)
    try {
      await mteja.deliveries.resend(id)
      notice({ text: 'It is being sent again.' })
      queries.invalidateQueries({ queryKey: ['developers'] })
    } catch (refused) {
      setFailure(refused)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Panel close={close} size="min(720px, 100vw)" title={data?.eventType ?? 'Delivery'}>
      {error !== null && <Problem error={error} again={refetch} />}
      {data !== undefined && (
        <div className="stack wide">
          <div className="row apart">
            <DeliveryState delivery={data} />
            {can('developers') ? (
              <Button variant="default" onClick={resend} loading={isBusy}>
                Send again
              </Button>
            ) : (
              <span className="quiet">{needSentence('developers')}</span>
            )}
          </div>
          <Problem error={failure} />
          <Facts
            of={[
              ['Delivery', <Copyable key="id" text={data.id} />],
              ['Event', <Copyable key="event" text={data.eventId} />],
              ['Endpoint', <Copyable key="endpoint" text={data.endpointId} />],
              ['Next attempt', data.nextAttemptAt === null ? '–' : exactTime(data.nextAttemptAt, format)],
              [data.status === 'failed' ? 'Given up because' : 'Failed last', data.failureReason ?? '–'],
            ]}
          />
          {data.attempts.toReversed().map((attempt) => (
            <Attempt key={attempt.number} attempt={attempt} />
          ))}
        </div>
      )}
    </Panel>
  )
}

function Attempt({ attempt }: { attempt: Mteja.DeliveryAttempt }) {
  const { request, response, error } = attempt
  const isGood = response !== null && response.status >= 200 && response.status < 300
  return (
    <section className="stack tight">
      <h3>
        Attempt {attempt.number}: {response === null ? (error ?? 'no answer') : `answered ${response.status}`}{' '}
        {isGood ? '✓' : '✕'}{' '}
        <span className="quiet">
          <When at={attempt.startedAt} />, {attempt.durationMs} ms
        </span>
      </h3>
      <details>
        <summary>Request</summary>
        <div className="stack tight">
          <p className="code">POST {request.url}</p>
          <Json value={request.headers} />
          <Json value={pretty(request.body)} />
        </div>
      </details>
      {response !== null && (
        <details>
          <summary>Answer</summary>
          <div className="stack tight">
            <Json value={response.headers} />
            <Json value={response.body === '' ? '(empty)' : response.body} />
          </div>
        </details>
      )}
    </section>
  )
}

function pretty(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
