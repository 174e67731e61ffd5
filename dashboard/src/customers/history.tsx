import { Button, NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'
import type { Cashful } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { dayName, dayOf } from '../base/times.ts'
import { entrySentence } from '../base/words.ts'
import { Change, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { EntryPanel } from './entry-panel.tsx'
import { nameOf, visible } from './names.ts'
import { namesOf } from './queries.ts'

const pageSize = 50

/** What happened to a customer's money, newest first, in words. */
export function History({ id }: { id: string }) {
  const session = useSession()
  const [params, setParams] = useSearchParams()
  const currency = session.merchant.currencies.find((each) => each === params.get('currency'))
  const set = (name: string, value: string | null) =>
    setParams((before) => {
      if (value === null) before.delete(name)
      else before.set(name, value)
      return before
    })
  const history = useInfiniteQuery({
    queryKey: ['customer', id, 'history', currency],
    queryFn: ({ pageParam }) =>
      session.cashful.customers
        .transactions(id, { limit: pageSize, offset: pageParam, ...(currency && { currency }) })
        .page(),
    initialPageParam: 0,
    getNextPageParam: ({ data, pagination }) => (pagination.hasMore ? pagination.offset + data.length : undefined),
  })
  const entries = unique(history.data?.pages.flatMap(({ data }) => data) ?? [])
  const others = useOthers(id, entries)
  const opened = params.get('entry')
  if (history.error !== null) return <Problem error={history.error} again={history.refetch} />
  const days = Map.groupBy(entries, ({ createdAt }) => dayOf(createdAt, session.format))
  const total = history.data?.pages[0]?.pagination.total
  return (
    <div>
      <div className="row apart">
        <span className="quiet">{total === undefined ? ' ' : `${total.toLocaleString()} entries`}</span>
        {session.merchant.currencies.length > 1 && (
          <NativeSelect
            size="xs"
            aria-label="Currency of the history"
            value={currency ?? ''}
            onChange={(event) => set('currency', event.currentTarget.value || null)}
            data={[{ value: '', label: 'Every currency' }, ...session.merchant.currencies]}
          />
        )}
      </div>
      {total === 0 && (
        <Empty title="No money has moved yet">
          <p>Use “Act” above to pay in, or send the customer to a checkout page.</p>
        </Empty>
      )}
      {[...days].map(([day, those]) => (
        <section key={day}>
          <h3 className="day">{dayName(day, new Date(), session.format)}</h3>
          <div className="table">
            {those.map((entry) => (
              <button
                key={`${entry.id} ${entry.amount}`}
                type="button"
                className="tr entries"
                data-chosen={opened === bare(entry.id)}
                onClick={() => set('entry', bare(entry.id))}
              >
                <span className="quiet">
                  <When at={entry.createdAt} as="time" />
                </span>
                <span>
                  {entrySentence(entry, others.get(entry.id))}
                  {visible(entry.description) !== '' && <span className="quiet"> “{visible(entry.description)}”</span>}
                </span>
                <span className="end">
                  <Change amount={entry.amount} currency={entry.currency} />
                </span>
                <span className="end quiet">
                  <Money amount={entry.balanceAfter} currency={entry.currency} />
                </span>
              </button>
            ))}
          </div>
        </section>
      ))}
      {history.hasNextPage && (
        <p style={{ marginTop: 16 }}>
          <Button variant="default" loading={history.isFetchingNextPage} onClick={() => history.fetchNextPage()}>
            Show earlier
          </Button>
        </p>
      )}
      {opened !== null && <EntryPanel customerId={id} transactionId={opened} close={() => set('entry', null)} />}
    </div>
  )
}

const bare = (id: string) => id.replace(/^txn_/, '')

/** An entry that came in the meantime moves the pages by one. */
function unique(entries: readonly Cashful.Transaction[]): Cashful.Transaction[] {
  return [...new Map(entries.map((entry) => [`${entry.id} ${entry.type} ${entry.amount}`, entry])).values()]
}

/** The other customer of each transfer, by the id of the entry: two calls for a page. */
function useOthers(id: string, entries: readonly Cashful.Transaction[]): ReadonlyMap<string, string> {
  const session = useSession()
  const transfers = entries.filter(({ relatedEntityType }) => relatedEntityType === 'Transfer')
  const { data } = useQuery({
    queryKey: ['customer', id, 'others', transfers.map(({ id }) => id).join()],
    enabled: transfers.length > 0,
    staleTime: 60_000,
    placeholderData: (before) => before,
    queryFn: async () => {
      const ids = transfers.flatMap(({ relatedEntityId }) => relatedEntityId ?? [])
      const found = new Map<string, string>()
      for (let at = 0; at < ids.length; at += 100) {
        const filter = JSON.stringify({ ids: ids.slice(at, at + 100) })
        const page = await session.cashful.transfers.list({ filter, limit: 100 }).page()
        for (const { id: transfer, fromCustomerId, toCustomerId } of page.data) {
          found.set(transfer, fromCustomerId === id ? toCustomerId : fromCustomerId)
        }
      }
      const names = await namesOf(session, [...found.values()], nameOf)
      return new Map(
        transfers.flatMap(({ id: entry, relatedEntityId = '' }) => {
          const other = found.get(relatedEntityId)
          return other === undefined ? [] : [[entry, names.get(other) ?? other] as const]
        }),
      )
    },
  })
  return data ?? new Map()
}
