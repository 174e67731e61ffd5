import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { shortTime } from '../base/times.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Copyable, Empty, Problem, When } from '../parts/basics.tsx'
import { FormDialog } from '../parts/form.tsx'
import { More } from '../parts/more.tsx'
import { usePages } from '../parts/pages.ts'
import { SecretOnce } from '../parts/secret.tsx'

const endpointsQuery = ['developers', 'endpoints']

type Act = 'edit' | 'rotate' | 'delete'

/** Addresses to which events are sent. */
export function Endpoints() {
  const { mteja, can, format } = useSession()
  const list = usePages(endpointsQuery, (offset) => mteja.webhookEndpoints.list({ limit: 50, offset }))
  const [dialog, setDialog] = useState<{ act: Act; endpoint: Mteja.WebhookEndpoint } | 'new'>()
  const [made, setMade] = useState<string>()
  const close = () => setDialog(undefined)
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      <div className="row apart">
        <p className="quiet">Every event that an endpoint wants is sent to it, signed, until it says yes.</p>
        {can('developers') ? (
          <Button onClick={() => setDialog('new')}>New endpoint</Button>
        ) : (
          <span className="quiet">{needSentence('developers')}</span>
        )}
      </div>
      {list.items?.length === 0 && (
        <Empty title="There is no webhook endpoint yet">
          <p>Add the address of your program. On this machine, `mteja listen` shows events as they come.</p>
        </Empty>
      )}
      {list.items?.map((endpoint) => (
        <section key={endpoint.id} className="card stack tight">
          <div className="row apart">
            <h2>{endpoint.url}</h2>
            <State endpoint={endpoint} />
          </div>
          <p>
            <Copyable text={endpoint.id} />
          </p>
          <p className="quiet">
            {endpoint.style === 'paystack' ? 'Paystack’s style' : 'Standard Webhooks'} ·{' '}
            {endpoint.events.includes('*') ? 'all events' : endpoint.events.join(', ')} · since{' '}
            <When at={endpoint.createdAt} />
          </p>
          {endpoint.disabledReason !== null && <p className="bad">{endpoint.disabledReason}</p>}
          {endpoint.previousSecretExpiresAt !== null && (
            <p className="warn">
              Also signed with the former secret, to {shortTime(endpoint.previousSecretExpiresAt, format)}.
            </p>
          )}
          <div className="row small">
            <Link href={`/developers?tab=deliveries&endpoint=${endpoint.id}`}>Deliveries</Link>
            {can('developers') && (
              <>
                <button type="button" className="link-button" onClick={() => setDialog({ act: 'edit', endpoint })}>
                  Change
                </button>
                {endpoint.style === 'standard' && (
                  <button type="button" className="link-button" onClick={() => setDialog({ act: 'rotate', endpoint })}>
                    New secret
                  </button>
                )}
                <button type="button" className="link-button" onClick={() => setDialog({ act: 'delete', endpoint })}>
                  Delete
                </button>
              </>
            )}
          </div>
        </section>
      ))}
      <More list={list} />
      {dialog === 'new' && <Edit endpoint={undefined} close={close} made={setMade} />}
      {typeof dialog === 'object' && dialog.act === 'edit' && (
        <Edit endpoint={dialog.endpoint} close={close} made={setMade} />
      )}
      {typeof dialog === 'object' && dialog.act === 'rotate' && (
        <Rotate endpoint={dialog.endpoint} close={close} made={setMade} />
      )}
      {typeof dialog === 'object' && dialog.act === 'delete' && <Delete endpoint={dialog.endpoint} close={close} />}
      {made !== undefined && (
        <SecretOnce title="The secret of the endpoint" secret={made} close={() => setMade(undefined)} />
      )}
    </div>
  )
}

function State({ endpoint }: { endpoint: Mteja.WebhookEndpoint }) {
  if (!endpoint.enabled) return <Badge tone="bad">disabled ✕</Badge>
  if (endpoint.failingSince === null) return <Badge tone="good">enabled ✓</Badge>
  return (
    <Badge tone="warn">
      failing since <When at={endpoint.failingSince} />
    </Badge>
  )
}

interface EditProps {
  endpoint: Mteja.WebhookEndpoint | undefined
  close: () => void
  made: (secret: string) => void
}

function Edit({ endpoint, close, made }: EditProps) {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const [url, setUrl] = useState(endpoint?.url ?? '')
  const [style, setStyle] = useState<'standard' | 'paystack'>('standard')
  const [events, setEvents] = useState((endpoint?.events ?? ['*']).join(', '))
  const [isEnabled, setEnabled] = useState(endpoint?.enabled ?? true)
  const run = async () => {
    const names = events.split(/[\s,]+/).filter(Boolean)
    if (endpoint === undefined) {
      const { secret } = await mteja.webhookEndpoints.create({ url: url.trim(), style, events: names })
      if (secret !== null) made(secret)
    } else {
      // What a colleague has changed meanwhile is not overwritten.
      const change = { url: url.trim(), events: names, enabled: isEnabled }
      await mteja.webhookEndpoints.update(endpoint.id, change, { ifMatch: endpoint.updatedAt })
    }
    queries.invalidateQueries({ queryKey: endpointsQuery })
  }
  return (
    <FormDialog
      title={endpoint === undefined ? 'New endpoint' : 'Change the endpoint'}
      button="Save"
      close={close}
      run={run}
      isReady={url.trim() !== ''}
    >
      <TextInput
        label="Address"
        type="url"
        placeholder="https://"
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        data-autofocus
      />
      {endpoint === undefined && (
        <NativeSelect
          label="Style"
          value={style}
          onChange={(event) => setStyle(event.currentTarget.value as typeof style)}
          data={[
            { value: 'standard', label: 'Standard Webhooks' },
            { value: 'paystack', label: 'Paystack’s' },
          ]}
        />
      )}
      <TextInput
        label="Events"
        description="Their names, or * for all"
        value={events}
        onChange={(event) => setEvents(event.currentTarget.value)}
      />
      {endpoint !== undefined && (
        <NativeSelect
          label="State"
          value={isEnabled ? 'on' : 'off'}
          onChange={(event) => setEnabled(event.currentTarget.value === 'on')}
          data={[
            { value: 'on', label: 'Enabled' },
            { value: 'off', label: 'Disabled: events of the meantime are not sent later' },
          ]}
        />
      )}
    </FormDialog>
  )
}

function Rotate({
  endpoint,
  close,
  made,
}: {
  endpoint: Mteja.WebhookEndpoint
  close: () => void
  made: (secret: string) => void
}) {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const [hours, setHours] = useState('24')
  const run = async () => {
    const { secret } = await mteja.webhookEndpoints.rotateSecret(endpoint.id, { overlapHours: Number(hours) })
    queries.invalidateQueries({ queryKey: endpointsQuery })
    if (secret !== null) made(secret)
  }
  return (
    <FormDialog title="New secret" button="Make a new secret" close={close} run={run} isReady={/^\d{1,3}$/.test(hours)}>
      <p>For this many hours webhooks are signed with both secrets, so that your program can change over.</p>
      <TextInput
        label="Hours"
        inputMode="numeric"
        value={hours}
        onChange={(event) => setHours(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

function Delete({ endpoint, close }: { endpoint: Mteja.WebhookEndpoint; close: () => void }) {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const notice = useNotice()
  const ask = () => ({
    sentence: (
      <>
        No more events are sent to <strong>{endpoint.url}</strong>. Deliveries that wait are given up.
      </>
    ),
    button: 'Delete the endpoint',
    run: (idempotencyKey: string) => mteja.webhookEndpoints.delete(endpoint.id, { idempotencyKey }),
  })
  const done = () => {
    queries.invalidateQueries({ queryKey: endpointsQuery })
    notice({ text: 'The endpoint was deleted.' })
  }
  return (
    <Action title="Delete an endpoint" close={close} ask={ask} done={done} isDangerous>
      <p>{endpoint.url}</p>
    </Action>
  )
}
