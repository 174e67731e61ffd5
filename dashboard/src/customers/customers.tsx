import { Button, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import type { Cashful } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import type { Session } from '../base/session.ts'
import { Copyable, Empty, Problem, When } from '../parts/basics.tsx'
import { CreateCustomer } from './create.tsx'
import { ExportCustomers } from './export-list.tsx'
import { ImportCustomers } from './import.tsx'
import { nameOf, visible } from './names.ts'

const pageSize = 100
/** Browsers draw no taller things than this many rows. A search finds the others. */
const mostRows = 100_000
/** The API reads no further in a list that is sorted by another field. */
const mostSorted = 10_000
const pauseMs = 120

const columns = [
  ['name', 'Name'],
  ['phoneNumber', 'Phone'],
  ['email', 'E-mail'],
  ['createdAt', 'Customer since'],
] as const

type Column = (typeof columns)[number][0]
type Order = 'ASC' | 'DESC'

/** All customers, by any part of what is known of them. */
export function Customers() {
  const session = useSession()
  const [params, setParams] = useSearchParams()
  const [text, setText] = useState(params.get('q') ?? '')
  const [search] = useDebouncedValue(text.trim(), pauseMs)
  const sort = columns.find(([name]) => name === params.get('sort'))?.[0] ?? 'createdAt'
  const order: Order = params.get('order') === 'ASC' ? 'ASC' : 'DESC'
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
  const asking = { search, sort, order }
  const first = useQuery({ ...pageQuery(session, asking, 0), placeholderData: keepPreviousData })
  const [shown, setShown] = useState(asking)
  const isNew = shown.search !== search || shown.sort !== sort || shown.order !== order
  if (isNew && first.data !== undefined && !first.isPlaceholderData) setShown(asking)
  const sortBy = (column: Column) =>
    change({
      sort: column,
      order:
        column === sort && order === 'ASC' ? 'DESC' : column === sort ? 'ASC' : column === 'createdAt' ? 'DESC' : 'ASC',
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
              <Button onClick={() => change({ new: '' })}>New customer</Button>
            </>
          ) : (
            <span className="quiet">{needSentence('customers:write')}</span>
          )}
        </div>
      </div>
      <TextInput
        type="search"
        aria-label="Find customers by any part of name, e-mail, phone or metadata"
        placeholder="Any part of name, e-mail, phone or metadata"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autoComplete="off"
      />
      {isNew && first.error !== null && <Problem error={first.error} again={first.refetch} />}
      <List key={`${shown.search} ${shown.sort} ${shown.order}`} {...shown} sortBy={sortBy} />
      {isCreating && <CreateCustomer close={() => change({ new: null })} />}
      {file === 'import' && <ImportCustomers close={() => setFile(undefined)} />}
      {file === 'export' && <ExportCustomers search={search} close={() => setFile(undefined)} />}
    </div>
  )
}

interface Asking {
  search: string
  sort: Column
  order: Order
}

const pageQuery = ({ cashful }: Session, { search, sort, order }: Asking, page: number) => ({
  queryKey: ['customers', search, sort, order, page],
  queryFn: () =>
    cashful.customers.list({ ...(search && { search }), sort, order, limit: pageSize, offset: page * pageSize }).page(),
  staleTime: 30_000,
})

interface ListProps extends Asking {
  sortBy: (column: Column) => void
}

function List({ search, sort, order, sortBy }: ListProps) {
  const session = useSession()
  const queryOf = (page: number) => pageQuery(session, { search, sort, order }, page)
  const first = useQuery(queryOf(0))
  const [known, setKnown] = useState(0)
  const total = Math.max(known, first.data?.pagination.total ?? 0)
  const most = sort === 'createdAt' && search === '' ? mostRows : mostSorted
  const count = Math.min(total, most)
  const height = useRowHeight()
  const body = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => setTop(body.current?.offsetTop ?? 0), [])
  const rows = useWindowVirtualizer({ count, estimateSize: () => height, overscan: 12, scrollMargin: top })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows are measured again when their height changes
  useLayoutEffect(() => rows.measure(), [height])
  const items = rows.getVirtualItems()
  const pages = [...new Set(items.map(({ index }) => Math.floor(index / pageSize)))]
  const loaded = useQueries({ queries: pages.map(queryOf) })
  // Beyond 1,000 matches the total of a search grows while one reads on.
  const seen = Math.max(0, ...loaded.map(({ data }) => data?.pagination.total ?? 0))
  useEffect(() => {
    if (seen > known) setKnown(seen)
  }, [seen, known])
  const failed = first.error ?? loaded.find(({ error }) => error !== null)?.error
  if (failed) return <Problem error={failed} again={() => first.refetch()} />
  const at = (index: number): Cashful.Customer | undefined =>
    loaded[pages.indexOf(Math.floor(index / pageSize))]?.data?.data[index % pageSize]
  const isRough = search !== '' && total >= 1000
  return (
    <div className="stack tight">
      <p className="quiet" role="status">
        {first.data === undefined ? ' ' : found(total, isRough)}
        {total > most && ` The first ${most.toLocaleString()} can be scrolled; search to find the others.`}
      </p>
      {first.data !== undefined && total === 0 ? (
        <NoCustomers search={search} />
      ) : (
        <div className="table">
          <div className="tr th customers">
            {columns.map(([column, label]) => (
              <button key={column} type="button" onClick={() => sortBy(column)}>
                {label}
                {column === sort && <span aria-hidden="true">{order === 'ASC' ? ' ↑' : ' ↓'}</span>}
                <span className="hidden">
                  {column === sort ? (order === 'ASC' ? ', sorted upwards' : ', sorted downwards') : ', sort by it'}
                </span>
              </button>
            ))}
          </div>
          <div ref={body} className="virtual" style={{ height: rows.getTotalSize() || 20 * height }}>
            {items.map(({ index, start }) => (
              <Row key={index} customer={at(index)} style={{ height, transform: `translateY(${start - top}px)` }} />
            ))}
          </div>
        </div>
      )}
    </div>
  )
}

interface RowProps {
  customer: Cashful.Customer | undefined
  style: { height: number; transform: string }
}

function Row({ customer, style }: RowProps) {
  if (customer === undefined) {
    return (
      <div className="tr customers waiting" style={style}>
        <span>…</span>
      </div>
    )
  }
  return (
    <Link className="tr customers" href={`/customers/${customer.id}`} style={style}>
      <span>{nameOf(customer)}</span>
      <span>{customer.phoneNumber || '–'}</span>
      <span className="quiet">{visible(customer.email) || '–'}</span>
      <span className="quiet">
        <When at={customer.createdAt} />
      </span>
    </Link>
  )
}

function found(total: number, isRough: boolean): string {
  if (isRough) return `${(total - (total % 1000)).toLocaleString()} or more found`
  return `${total.toLocaleString()} found`
}

/** Two lines a row on a telephone. */
function useRowHeight(): number {
  const narrow = '(max-width: 760px)'
  const [isNarrow, setNarrow] = useState(() => matchMedia(narrow).matches)
  useEffect(() => {
    const media = matchMedia(narrow)
    const look = () => setNarrow(media.matches)
    media.addEventListener('change', look)
    return () => media.removeEventListener('change', look)
  }, [])
  return isNarrow ? 64 : 44
}

function NoCustomers({ search }: { search: string }) {
  const [, navigate] = useLocation()
  const { can } = useSession()
  if (search !== '') {
    return (
      <Empty title={`Nobody has “${search}” in name, e-mail, phone or metadata`}>
        <p className="quiet">
          Type less: half a phone number is enough, in any local form. One or two letters find words that begin with
          them.
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
