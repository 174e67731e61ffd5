import { Button, NativeSelect } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { FormDialog } from '../parts/form.tsx'
import { usePages } from '../parts/pages.ts'
import { DeliveryList } from './delivery-list.tsx'

type Status = NonNullable<Mteja.ListDeliveriesQuery['status']>
const statuses: readonly Status[] = ['pending', 'delivered', 'failed']

/** Every event on its way to every endpoint. */
export function Deliveries() {
  const { mteja, can } = useSession()
  const [params, setParams] = useSearchParams()
  const [isSending, setSending] = useState(false)
  const endpoints = usePages(['developers', 'endpoints'], (offset) =>
    mteja.webhookEndpoints.list({ limit: 50, offset }),
  )
  const status = statuses.find((each) => each === params.get('status'))
  const endpointId = params.get('endpoint') ?? undefined
  const filter = { ...(status && { status }), ...(endpointId && { endpointId }) }
  const set = (name: string, value: string) =>
    setParams(
      (before) => {
        if (value === '') before.delete(name)
        else before.set(name, value)
        return before
      },
      { replace: true },
    )
  return (
    <div className="stack">
      <div className="row apart">
        <div className="row">
          <NativeSelect
            aria-label="State"
            value={status ?? ''}
            onChange={(event) => set('status', event.currentTarget.value)}
            data={[
              { value: '', label: 'Every state' },
              { value: 'pending', label: 'Waiting' },
              { value: 'delivered', label: 'Delivered' },
              { value: 'failed', label: 'Given up' },
            ]}
          />
          <NativeSelect
            aria-label="Endpoint"
            // Of one width: the addresses come later.
            w={220}
            value={endpointId ?? ''}
            onChange={(event) => set('endpoint', event.currentTarget.value)}
            data={[
              { value: '', label: 'Every endpoint' },
              ...(endpoints.items ?? []).map(({ id, url }) => ({ value: id, label: url })),
            ]}
          />
        </div>
        {can('developers') && (
          <Button variant="default" onClick={() => setSending(true)}>
            {status === undefined ? 'Send again all given up …' : 'Send again all of these …'}
          </Button>
        )}
      </div>
      <DeliveryList queryKey={['developers', 'deliveries', status, endpointId]} query={filter} />
      {isSending && <ResendAll filter={filter} close={() => setSending(false)} />}
    </div>
  )
}

/** Says first how many there are. */
function ResendAll({ filter, close }: { filter: Mteja.ResendDeliveriesBody; close: () => void }) {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const notice = useNotice()
  const asked = { ...filter, status: filter.status ?? 'failed' } as const
  const { data } = useQuery({
    queryKey: ['developers', 'preview', asked],
    queryFn: () => mteja.deliveries.previewResend(asked),
  })
  const run = async () => {
    const { count } = await mteja.deliveries.resendAll(asked)
    queries.invalidateQueries({ queryKey: ['developers'] })
    notice({ text: `${count.toLocaleString()} deliveries are being sent again.` })
  }
  const count = data?.count
  return (
    <FormDialog
      title="Send again"
      button={count === undefined ? 'Send again' : `Send ${count.toLocaleString()} again`}
      close={close}
      run={run}
      isReady={count !== undefined && count > 0}
    >
      <p aria-live="polite">
        {count === undefined
          ? 'Counting …'
          : `${count.toLocaleString()} ${count === 1 ? 'delivery' : 'deliveries'} (${asked.status === 'failed' ? 'given up' : asked.status}) would be sent again, each with a new round of attempts.`}
      </p>
      <p className="quiet">
        Without a state chosen, these are the deliveries that were given up. At most 10,000 at once.
      </p>
    </FormDialog>
  )
}
