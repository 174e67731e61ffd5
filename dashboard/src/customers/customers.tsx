import { Button, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type MouseEvent, memo, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { Badge, Copyable, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { useNarrow } from '../parts/narrow.ts'
import { isChosen } from './conditions.ts'
import { CreateCustomer } from './create.tsx'
import { ExportCustomers } from './export-list.tsx'
import { Filters } from './filters.tsx'
import { ImportCustomers } from './import.tsx'
import { type Asking, type Column, pageQuery, pageSize, readAsking } from './list-reads.ts'
import { nameOf, visible } from './names.ts'

/** Browsers draw no taller things than this many rows. A search finds the others. */
const mostRows = 100_000
/** The API reads no further in a list that is sorted by another field. */
const mostSorted = 10_000
const pauseMs = 120

const columns = [
  ['name', 'Name'],
  ['phoneNumber', 'Phone'],
  ['email', 'E-mail'],
  [null, 'Standing'],
  [null, 'Available'],
  ['createdAt', 'Since'],
] as const

/** All customers, by any part of what is known of them. */
export function Customers() {
  const session = useSession()
  const isNarrow = useNarrow()
  const [params, setParams] = useSearchParams()
  const [text, setText] = useState(params.get('q') ?? '')
  const [search] = useDebouncedValue(text.trim(), pauseMs)
  const { sort, order, chosen } = readAsking(params)
  const [file, setFile] = useState<'import' | 'export'>()
  const isCreating = params.has('new')
  const change = (changes: Record<string, string | null>) => {
    setParams(
      (before) => {
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) before.delete(name)
          else before.set(name, value)
        }
        return before
      },
      { replace: true },
    )
  }
  // An entry of its own in the history, so that Back closes the form.
  const create = () =>
    setParams((before) => {
      before.set('new', '')
      return before
    })
  // The address says what is searched, so that it can be sent to a colleague.
  const [asked, setAsked] = useState(search)
  useEffect(() => {
    if (search === asked) return
    setAsked(search)
    change({ q: search === '' ? null : search })
  })
  // Another search came by the address.
  const fromAddress = params.get('q') ?? ''
  const [seen, setSeen] = useState(fromAddress)
  if (fromAddress !== seen) {
    setSeen(fromAddress)
    if (fromAddress !== search && fromAddress !== asked) setText(fromAddress)
  }
  // The list of before stays until the first page of the next one is there.
  const asking: Asking = { search, sort, order, chosen }
  const first = useQuery({ ...pageQuery(session, asking, 0), placeholderData: keepPreviousData })
  const [shown, setShown] = useState(asking)
  const isNew = JSON.stringify(shown) !== JSON.stringify(asking)
  if (isNew && first.data !== undefined && !first.isPlaceholderData) setShown(asking)
  const sortBy = (column: Column) =>
    change({
      sort: column,
      order:
        column === sort && order === 'asc' ? 'desc' : column === sort ? 'asc' : column === 'createdAt' ? 'desc' : 'asc',
    })
  return (
    <div className="stack">
      <div className="title-line">
        <h1>Customers</h1>
        <div className="row">
          <Button variant="default" onClick={() => setFile('export')}>
            Export
          </Button>
          {session.can('customers:write') ? (
            <>
              <Button variant="default" onClick={() => setFile('import')}>
                Import
              </Button>
              <Button onClick={create}>New customer</Button>
            </>
          ) : (
            <span className="quiet">{needSentence('customers:write')}</span>
          )}
        </div>
      </div>
      <TextInput
        type="search"
        aria-label="Find customers by any part of name, e-mail, phone or metadata"
        placeholder={isNarrow ? 'Name, phone, e-mail …' : 'Any part of name, e-mail, phone or metadata'}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autoComplete="off"
      />
      <Filters chosen={chosen} change={change} />
      {isNew && first.error !== null && <Problem error={first.error} again={first.refetch} />}
      <List key={JSON.stringify(shown)} {...shown} sortBy={sortBy} />
      {isCreating && <CreateCustomer close={() => change({ new: null })} />}
      {file === 'import' && <ImportCustomers close={() => setFile(undefined)} />}
      {file === 'export' && <ExportCustomers search={search} chosen={chosen} close={() => setFile(undefined)} />}
    </div>
  )
}

interface ListProps extends Asking {
  sortBy: (column: Column) => void
}

function List({ search, sort, order, chosen, sortBy }: ListProps) {
  const session = useSession()
  const queryFor = (page: number) => pageQuery(session, { search, sort, order, chosen }, page)
  const first = useQuery(queryFor(0))
  const [known, setKnown] = useState(0)
  const total = Math.max(known, first.data?.total ?? 0)
  const isNarrowed = search !== '' || isChosen(chosen)
  const most = sort === 'createdAt' && !isNarrowed ? mostRows : mostSorted
  const count = Math.min(total, most)
  // Two lines a row on a telephone.
  const height = useNarrow() ? 64 : 44
  const [, navigate] = useLocation()
  const body = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => setTop(body.current?.offsetTop ?? 0), [])
  const rows = useWindowVirtualizer({ count, estimateSize: () => height, overscan: 12, scrollMargin: top })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows are measured again when their height changes
  useLayoutEffect(() => rows.measure(), [height])
  const items = rows.getVirtualItems()
  const pages = [...new Set(items.map(({ index }) => Math.floor(index / pageSize)))]
  const loaded = useQueries({ queries: pages.map(queryFor) })
  // Beyond 1,000 matches the total of a search grows while one reads on.
  const seen = Math.max(0, ...loaded.map(({ data }) => data?.total ?? 0))
  useEffect(() => {
    if (seen > known) setKnown(seen)
  }, [seen, known])
  const failed = [first, ...loaded].find(({ error, data }) => error !== null && data === undefined)?.error
  if (failed) return <Problem error={failed} again={() => first.refetch()} />
  const at = (index: number): Mteja.ListedCustomer | undefined =>
    loaded[pages.indexOf(Math.floor(index / pageSize))]?.data?.data[index % pageSize]
  const isRough = isNarrowed && total >= 1000
  return (
    <div className="stack tight">
      <p className="quiet" role="status">
        {first.data === undefined ? '\u00a0' : found(total, isRough)}
        {total > most && ` The first ${most.toLocaleString()} can be scrolled; search to find the others.`}
      </p>
      {first.data !== undefined && total === 0 ? (
        <NoCustomers search={search} isNarrowed={isNarrowed} />
      ) : (
        <div className="table">
          <div className="tr th customers">
            {columns.map(([column, label]) =>
              column === null ? (
                <span key={label} className={label === 'Available' ? 'end' : ''}>
                  {label}
                </span>
              ) : (
                <button key={column} type="button" onClick={() => sortBy(column)}>
                  {label}
                  {column === sort && <span aria-hidden="true">{order === 'asc' ? ' ↑' : ' ↓'}</span>}
                  <span className="hidden">
                    {column === sort ? (order === 'asc' ? ', sorted upwards' : ', sorted downwards') : ', sort by it'}
                  </span>
                </button>
              ),
            )}
          </div>
          <div ref={body} className="virtual" style={{ height: rows.getTotalSize() || 20 * height }}>
            {items.map(({ index, start }) => (
              <Row key={index} customer={at(index)} height={height} y={start - top} open={navigate} />
            ))}
          </div>
        </div>
      )}
    </div>
  )
}

interface RowProps {
  customer: Mteja.ListedCustomer | undefined
  height: number
  /** Pixels below the first row. */
  y: number
  /** Opens the customer at an address below /app. */
  open: (path: string) => void
}

/** Drawn once: while one scrolls, only new rows are drawn. A link of the router would watch the address in each row. */
const Row = memo(function Row({ customer, height, y, open }: RowProps) {
  const style = { height, transform: `translateY(${y}px)` }
  if (customer === undefined) {
    return (
      <div className="tr customers waiting" style={style}>
        <span>…</span>
      </div>
    )
  }
  const path = `/customers/${customer.id}`
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    open(path)
  }
  return (
    <a className="tr customers" href={`/app${path}`} onClick={follow} style={style}>
      <span>{nameOf(customer)}</span>
      <span>{visible(customer.phoneNumber) || '–'}</span>
      <span className="quiet">{visible(customer.email) || '–'}</span>
      <span>
        <Standing customer={customer} />
      </span>
      <span className="end">
        <Available balances={customer.balances} />
      </span>
      <span className="quiet">
        <When at={customer.createdAt} />
      </span>
    </a>
  )
})

function Standing({ customer: { identified, riskAction } }: { customer: Mteja.ListedCustomer }) {
  if (riskAction === 'deny') return <Badge tone="bad">denied ✕</Badge>
  if (riskAction === 'allow') return <Badge tone="good">allowed ✓</Badge>
  return identified ? <Badge tone="good">identified ✓</Badge> : <span className="quiet">–</span>
}

/** The first currency that has money, and how many others have. */
function Available({ balances }: Pick<Mteja.ListedCustomer, 'balances'>) {
  const full = balances.filter(({ available, owed }) => available > 0 || owed > 0)
  const [first] = full
  if (first === undefined) return <span className="quiet">–</span>
  const others = full.length - 1
  return (
    <>
      {first.available > 0 ? (
        <Money amount={first.available} currency={first.currency} />
      ) : (
        <>
          owes <Money amount={first.owed} currency={first.currency} />
        </>
      )}
      {others > 0 && <span className="quiet"> +{others}</span>}
    </>
  )
}

function found(total: number, isRough: boolean): string {
  if (isRough) return `${(total - (total % 1000)).toLocaleString()} or more found`
  return `${total.toLocaleString()} found`
}

function NoCustomers({ search, isNarrowed }: { search: string; isNarrowed: boolean }) {
  const [, navigate] = useLocation()
  const { can } = useSession()
  if (isNarrowed) {
    const title =
      search === '' ? 'No customer is like this' : `Nobody has “${search}” in name, e-mail, phone or metadata`
    return (
      <Empty title={title}>
        <p className="quiet">
          {search === ''
            ? 'Choose fewer conditions.'
            : 'Type less: half a phone number is enough, in any local form. One or two letters find words that begin with them. Or choose fewer conditions.'}
        </p>
        <div>
          <Button variant="default" onClick={() => navigate('/customers')}>
            Show all customers
          </Button>
        </div>
      </Empty>
    )
  }
  const curl = `curl ${location.origin}/api/canary/customers \\
  -H "Authorization: Bearer $MTEJA_KEY" -H 'Content-Type: application/json' \\
  -d '{"phoneNumber":"+27821234567","email":"ada@example.com","name":"Ada Obi","metadata":{}}'`
  return (
    <Empty title="There are no customers yet">
      <p>
        {can('customers:write')
          ? 'Make the first one with the button above, or from a program:'
          : 'A program makes one:'}
      </p>
      <pre>{curl}</pre>
      <p className="small">
        <Copyable text={curl} label="Copy the call" />
      </p>
    </Empty>
  )
}
