import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { type Mteja, NotFoundError, ValidationError } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import type { Session } from '../base/session.ts'
import { kindWord } from '../base/words.ts'
import { nameOf } from '../customers/names.ts'
import { aboutWords } from '../money/approval-words.ts'
import { useNarrow } from '../parts/narrow.ts'
import { findId } from './shortcuts.ts'

interface Hit {
  kind: string
  title: string
  detail: string
  to: string
}

const pauseMs = 120
const mostCustomers = 6

/** One search for everything: a customer by any part, a movement by its id or reference, an event or a delivery by its id. */
export function Find() {
  const session = useSession()
  const isNarrow = useNarrow()
  const [, navigate] = useLocation()
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const [chosen, setChosen] = useState(0)
  const [settled] = useDebouncedValue(text.trim(), pauseMs)
  const { data: hits, isFetching } = useQuery({
    queryKey: ['find', settled],
    enabled: settled !== '',
    queryFn: () => find(session, settled),
  })
  const shown = isOpen && text.trim() !== ''
  const close = () => {
    setOpen(false)
    setChosen(0)
  }
  const go = (to: string) => {
    close()
    setText('')
    navigate(to)
  }
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    const count = hits?.length ?? 0
    if (event.key === 'Escape') {
      close()
      event.currentTarget.blur()
    } else if (event.key === 'ArrowDown' && count > 0) setChosen((chosen + 1) % count)
    else if (event.key === 'ArrowUp' && count > 0) setChosen((chosen + count - 1) % count)
    else if (event.key === 'Enter') {
      const hit = hits?.[chosen]
      if (hit !== undefined && settled === text.trim()) go(hit.to)
      else if (text.trim() !== '') go(`/customers?q=${encodeURIComponent(text.trim())}`)
    } else return
    event.preventDefault()
  }
  return (
    <search className="find" onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || close()}>
      <TextInput
        id={findId}
        type="search"
        aria-label="Search customers, references and ids"
        placeholder={isNarrow ? 'Search …' : 'Search customers, references, ids …'}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setOpen(true)
          setChosen(0)
        }}
        onFocus={() => setOpen(true)}
        onKeyDown={press}
        autoComplete="off"
        role="combobox"
        aria-expanded={shown}
        aria-controls="hits"
        aria-activedescendant={shown && hits?.length ? `hit-${chosen}` : undefined}
      />
      {shown && (
        <div className="hits" id="hits" role="listbox" aria-label="Found">
          {hits?.map((hit, at) => (
            <Link
              key={`${hit.kind} ${hit.to}`}
              id={`hit-${at}`}
              role="option"
              aria-selected={at === chosen}
              href={hit.to}
              tabIndex={-1}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => go(hit.to)}
            >
              <span className="kind">{hit.kind}</span>
              <span className="grow clip">
                {hit.title} <span className="quiet">{hit.detail}</span>
              </span>
            </Link>
          ))}
          {hits?.length === 0 && !isFetching && (
            <div className="none quiet" role="option" aria-selected="false" aria-disabled="true" tabIndex={-1}>
              Nothing found for “{settled}”.
            </div>
          )}
        </div>
      )}
    </search>
  )
}

async function find(session: Session, text: string): Promise<Hit[]> {
  if (/^evt_\w+$/.test(text)) return known(session.mteja.events.retrieve(text), ({ id, type }) => eventHit(id, type))
  if (/^we_[\w-]+$/.test(text)) return known(session.mteja.webhookEndpoints.retrieve(text), endpointHit)
  if (/^dlv_\w+$/.test(text)) {
    return known(session.mteja.deliveries.retrieve(text), ({ id, eventType }) => deliveryHit(id, eventType))
  }
  const parts = await Promise.all([
    findCustomers(session, text),
    isName(text) ? findMovements(session, text) : [],
    isName(text) ? findRequests(session, text) : [],
    isName(text) ? findPayouts(session, text) : [],
    isUuid(text) ? findApprovals(session, text) : [],
    /^pm_\w+$/.test(text) ? findMethods(session, text) : [],
  ])
  const hits = parts.flat()
  return hits.length === 0 && isUuid(text) ? [refusedHit(text)] : hits
}

const endpointHit = ({ id, url }: Mteja.WebhookEndpoint): Hit => ({
  kind: 'Endpoint',
  title: url,
  detail: id,
  to: '/developers?tab=endpoints',
})

/** A request that has changed nothing leaves nothing to be found: that of a refusal shown on this page, too. */
const refusedHit = (id: string): Hit => ({
  kind: 'Request',
  title: 'Refused, or a read: nothing was changed by it',
  detail: id,
  to: `/developers?tab=requests&request=${encodeURIComponent(id)}`,
})

/** Whether a text can be an id or a reference. */
const isName = (text: string): boolean => /^[\w.=-]{6,255}$/.test(text) && /[\d_]/.test(text)

const isUuid = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)

async function findCustomers({ cashful }: Session, text: string): Promise<Hit[]> {
  const query = /^CUS_\w+$/.test(text) ? { filter: JSON.stringify({ ids: [text] }) } : { search: text.slice(0, 200) }
  const { data } = await cashful.customers.list({ ...query, limit: mostCustomers }).page()
  return data.map((customer) => ({
    kind: 'Customer',
    title: nameOf(customer),
    detail: [customer.phoneNumber, customer.email].filter(Boolean).join(' · '),
    to: `/customers/${customer.id}`,
  }))
}

const eventHit = (id: string, type: string): Hit => ({
  kind: 'Event',
  title: type,
  detail: id,
  to: `/developers?tab=events&event=${id}`,
})

const deliveryHit = (id: string, type: string): Hit => ({
  kind: 'Delivery',
  title: type,
  detail: id,
  to: `/developers?tab=deliveries&delivery=${id}`,
})

function findMovements({ mteja }: Session, text: string): Promise<Hit[]> {
  return known(mteja.transactions.retrieve(text), (transaction) => {
    const customer = transaction.entries.find(({ customerId }) => customerId !== null)?.customerId
    if (!customer) return undefined
    const title = `${kindWord(transaction.kind)} ${transaction.reference ?? ''}`
    return { kind: 'Movement', title, detail: transaction.id, to: `/customers/${customer}?entry=${transaction.id}` }
  })
}

async function findPayouts({ mteja }: Session, text: string): Promise<Hit[]> {
  const hitOf = ({ id, reference }: Mteja.Payout): Hit => ({
    kind: 'Payout',
    title: reference,
    detail: id,
    to: `/money?tab=payouts&payout=${id}`,
  })
  if (isUuid(text)) return known(mteja.payouts.retrieve(text), hitOf)
  return (await mteja.payouts.list({ reference: text, limit: 1 }).page()).data.map(hitOf)
}

function findApprovals({ mteja }: Session, text: string): Promise<Hit[]> {
  return known(mteja.approvals.retrieve(text), (approval) => ({
    kind: 'Approval',
    title: aboutWords(approval),
    detail: approval.id,
    to: `/money?tab=approvals&which=all&approval=${approval.id}`,
  }))
}

function findMethods({ cashful }: Session, text: string): Promise<Hit[]> {
  return known(cashful.paymentMethods.retrieve(text), ({ id, customerId }) =>
    customerId
      ? { kind: 'Payment method', title: id, detail: '', to: `/customers/${customerId}?tab=methods` }
      : undefined,
  )
}

function findRequests({ mteja }: Session, text: string): Promise<Hit[]> {
  return known(mteja.requests.retrieve(text), ({ requestId, writes }) => ({
    kind: 'Request',
    title: kindWord(writes[0]?.action ?? ''),
    detail: requestId,
    to: `/developers?tab=requests&request=${encodeURIComponent(requestId)}`,
  }))
}

/** A thing by its name; nothing where nothing has the name, or where it can be no name. */
async function known<Thing>(asked: Promise<Thing>, hitOf: (thing: Thing) => Hit | undefined): Promise<Hit[]> {
  try {
    return [hitOf(await asked)].filter((hit) => hit !== undefined)
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof ValidationError) return []
    throw error
  }
}
