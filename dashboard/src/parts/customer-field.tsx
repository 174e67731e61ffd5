import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Cashful } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { nameOf } from '../customers/names.ts'

interface CustomerFieldProps {
  label: string
  chosen: Cashful.Customer | undefined
  choose: (customer: Cashful.Customer | undefined) => void
  /** Left out of what is found. */
  except: string
  problem: string | undefined
}

/** Finds another customer by any part. */
export function CustomerField({ label, chosen, choose, except, problem }: CustomerFieldProps) {
  const { cashful } = useSession()
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text.trim(), 120)
  const { data } = useQuery({
    queryKey: ['find', 'customers', search],
    enabled: search !== '' && chosen === undefined,
    queryFn: () => cashful.customers.list({ search, limit: 6 }).page(),
  })
  const found = data?.data.filter(({ id }) => id !== except) ?? []
  if (chosen !== undefined) {
    return (
      <div className="stack tight">
        <span className="small">{label}</span>
        <div className="row">
          <span>
            <strong>{nameOf(chosen)}</strong>{' '}
            <span className="quiet">{[chosen.phoneNumber, chosen.email].filter(Boolean).join(' · ')}</span>
          </span>
          <button type="button" className="link-button" onClick={() => choose(undefined)}>
            Change
          </button>
        </div>
      </div>
    )
  }
  return (
    <div className="hits-below">
      <TextInput
        label={label}
        placeholder="Part of a name, phone or e-mail"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={problem}
        autoComplete="off"
        data-autofocus
      />
      {search !== '' && data !== undefined && (
        <div className="hits">
          {found.length === 0 && <p className="none quiet">Nobody found.</p>}
          {found.map((customer) => (
            <button key={customer.id} type="button" onClick={() => choose(customer)}>
              {nameOf(customer)}{' '}
              <span className="quiet">{[customer.phoneNumber, customer.email].filter(Boolean).join(' · ')}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
