import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { NotFoundError } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { byWord, kindWord, plain } from '../base/words.ts'
import { Empty, Json, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'

/** What a request did, by the id that its answer had. */
export function Requests() {
  const [params, setParams] = useSearchParams()
  const asked = params.get('request') ?? ''
  const [text, setText] = useState(asked)
  const [seen, setSeen] = useState(asked)
  // Another request came by the address.
  if (asked !== seen) {
    setSeen(asked)
    setText(asked)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const id = text.trim()
    setParams(id === '' ? { tab: 'requests' } : { tab: 'requests', request: id })
  }
  return (
    <div className="stack">
      <form className="row" onSubmit={submit}>
        <TextInput
          aria-label="The id of a request"
          placeholder="x-request-id of an answer"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autoComplete="off"
          w={360}
        />
        <Button type="submit" variant="default">
          Look up
        </Button>
      </form>
      {asked === '' ? (
        <p className="quiet">
          Every answer has an <code>x-request-id</code>, and every refusal shown on this page has one to copy.
        </p>
      ) : (
        <Found key={asked} id={asked} />
      )}
    </div>
  )
}

function Found({ id }: { id: string }) {
  const { mteja } = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: ['developers', 'request', id],
    queryFn: () => mteja.requests.retrieve(id),
  })
  if (error instanceof NotFoundError) {
    return (
      <Empty title="This request has changed nothing">
        <p>
          A read and a refused call change nothing. Its line in the server’s log has the same id. An id of your own is
          looked for among the newest movements.
        </p>
      </Empty>
    )
  }
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  if (data === undefined) return null
  return (
    <div className="stack wide">
      <section className="stack tight">
        <h2>What it did</h2>
        <div className="table">
          {data.writes.map((write) => (
            <Write key={write.id} write={write} />
          ))}
        </div>
      </section>
      <section className="stack tight">
        <h2>Its events</h2>
        {data.events.length === 0 && <p className="quiet">It recorded none, or they are no longer kept.</p>}
        <div className="table">
          {data.events.map(({ id: event, type, customerId, createdAt }) => (
            <Link
              key={event}
              className="tr"
              href={`/developers?tab=events&event=${event}`}
              style={columns('minmax(0, 1.4fr) minmax(0, 1fr) 110px')}
            >
              <span>{type}</span>
              <span className="code quiet">{customerId ?? ''}</span>
              <span className="end quiet">
                <When at={createdAt} />
              </span>
            </Link>
          ))}
        </div>
      </section>
    </div>
  )
}

function Write({ write }: { write: Mteja.AuditEntry }) {
  const { action, object, by, at, before, after } = write
  const { amount, currency } = (after ?? {}) as { amount?: unknown; currency?: unknown }
  const isMovement = typeof amount === 'number' && typeof currency === 'string'
  return (
    <>
      <div className="tr" style={columns('minmax(0, 1.2fr) minmax(0, 1.2fr) minmax(0, 1fr) 110px')}>
        <span>{isMovement ? kindWord(action) : plain(action)}</span>
        <span className="quiet">{byWord(by)}</span>
        <span>
          {isMovement ? (
            <Money amount={amount} currency={currency} />
          ) : object?.startsWith('CUS_') ? (
            <Link href={`/customers/${object}`}>{object}</Link>
          ) : (
            <span className="code">{object ?? ''}</span>
          )}
        </span>
        <span className="end quiet">
          <When at={at} />
        </span>
      </div>
      {!isMovement && (before !== null || after !== null) && <Json value={{ before, after }} />}
    </>
  )
}
