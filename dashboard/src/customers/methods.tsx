import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Cashful } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { plain } from '../base/words.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Copyable, Empty, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { nameOf } from './names.ts'
import { type Profile, useRefresh } from './queries.ts'

/** Saved instruments, masked. */
export function PaymentMethods({ id, profile }: { id: string; profile: Profile }) {
  const { cashful, mteja, can, mode } = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  const [failure, setFailure] = useState<unknown>(null)
  const [leaving, setLeaving] = useState<Cashful.PaymentMethod>()
  const { data, error, refetch } = useQuery({
    queryKey: ['customer', id, 'methods'],
    queryFn: () => cashful.paymentMethods.list({ customerId: id, limit: 100 }).page(),
  })
  const choose = async (method: Cashful.PaymentMethod) => {
    setFailure(null)
    try {
      const { previousPaymentMethodId } = await mteja.customers.setDefaultPaymentMethod(id, method.id)
      refresh()
      const undo = async () => {
        await mteja.customers.setDefaultPaymentMethod(id, previousPaymentMethodId)
        refresh()
      }
      notice({ text: `${describe(method)} is the default.`, undo })
    } catch (problem) {
      setFailure(problem)
    }
  }
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  if (data === undefined) return null
  if (data.data.length === 0) {
    return (
      <Empty title="No payment method is saved">
        <p>
          A card or a mobile money number is saved when the customer pays with it and agrees.
          {mode === 'test' && ' In test mode Developers, Sandbox saves one.'}
        </p>
      </Empty>
    )
  }
  return (
    <div className="stack">
      <div className="table">
        {data.data.map((method) => (
          <div key={method.id} className="tr" style={columns('minmax(0, 1.5fr) minmax(0, 1fr) 120px 120px 100px')}>
            <span>
              {describe(method)} {method.isDefault && <Badge>default</Badge>}
            </span>
            <span>
              <Copyable text={method.id} />
            </span>
            <span className="quiet">
              <When at={method.createdAt} />
            </span>
            {can('customers:write') && (
              <span>
                {!method.isDefault && (
                  <button type="button" className="link-button" onClick={() => choose(method)}>
                    Make default<span className="hidden"> {describe(method)}</span>
                  </button>
                )}
              </span>
            )}
            {can('customers:write') && (
              <button type="button" className="link-button" onClick={() => setLeaving(method)}>
                Deactivate<span className="hidden"> {describe(method)}</span>
              </button>
            )}
          </div>
        ))}
      </div>
      {data.data.every(({ isDefault }) => !isDefault) && (
        <p className="quiet">None is the default: none takes the place of a default that was deactivated.</p>
      )}
      <Problem error={failure} />
      {!can('customers:write') && <p className="quiet">{needSentence('customers:write')}</p>}
      {leaving !== undefined && (
        <Deactivate id={id} name={nameOf(profile.customer)} method={leaving} close={() => setLeaving(undefined)} />
      )}
    </div>
  )
}

function Deactivate({
  id,
  name,
  method,
  close,
}: {
  id: string
  name: string
  method: Cashful.PaymentMethod
  close: () => void
}) {
  const { cashful } = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  const ask = () => ({
    sentence: (
      <>
        {describe(method)} of <strong>{name}</strong> can no longer be charged. To use it again, the customer has to pay
        with it anew.
      </>
    ),
    button: 'Deactivate',
    run: (idempotencyKey: string) => cashful.paymentMethods.delete(method.id, { idempotencyKey }),
  })
  const done = () => {
    refresh()
    notice({ text: 'The payment method was deactivated.' })
  }
  return (
    <Action title="Deactivate a payment method" close={close} ask={ask} done={done} isDangerous>
      <p>{describe(method)}</p>
    </Action>
  )
}

function describe({
  type,
  brand,
  last4,
  expiryMonth,
  expiryYear,
  phoneNumber,
  provider,
}: Cashful.PaymentMethod): string {
  const ends = expiryYear > 0 ? `, to ${String(expiryMonth).padStart(2, '0')}/${expiryYear}` : ''
  const number = phoneNumber ?? (last4 ? `••${last4}` : '')
  return `${plain(type)} ${brand ?? provider} ${number}${ends}`
}
