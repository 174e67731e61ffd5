import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useId, useState } from 'react'
import type { Cashful } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { nameOf } from '../customers/names.ts'

interface CustomerFieldProps {
  label: string
  chosen: Cashful.Customer | undefined
  choose: (customer: Cashful.Customer | undefined) => void
  /** Left out of what is found. */
  except?: string
  problem?: string | undefined
  /** Beside other filters of a list: without a label above it. */
  isFilter?: boolean
}

/** Finds another customer by any part. */
export function CustomerField({ label, chosen, choose, except, problem, isFilter = false }: CustomerFieldProps) {
  const { cashful } = useSession()
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text.trim(), 120)
  const { data } = useQuery({
    queryKey: ['find', 'customers', search],
    enabled: search !== '' && chosen === undefined,
    queryFn: () => cashful.customers.list({ search, limit: 6 }).page(),
  })
  const found = data?.data.filter(({ id }) => id !== except) ?? []
  const [at, setAt] = useState(0)
  const list = useId()
  const isShown = search !== '' && data !== undefined
  /** The arrows go through what is found, and Enter takes it: it sends no form. */
  const press = (event: KeyboardEvent) => {
    const count = found.length
    if (event.key === 'ArrowDown' && count > 0) setAt((at + 1) % count)
    else if (event.key === 'ArrowUp' && count > 0) setAt((at + count - 1) % count)
    else if (event.key === 'Enter' && text.trim() !== '') {
      const customer = found[at]
      if (customer !== undefined && search === text.trim()) choose(customer)
    } else return
    event.preventDefault()
  }
  if (chosen !== undefined) {
    return (
      <div className="stack tight">
        <span className={isFilter ? 'hidden' : 'small'}>{label}</span>
        <div className="row">
          <span>
            <strong>{nameOf(chosen)}</strong>{' '}
            <span className="quiet">{[chosen.phoneNumber, chosen.email].filter(Boolean).join(' · ')}</span>
          </span>
          <button type="button" className="link-button" onClick={() => choose(undefined)}>
            {isFilter ? 'All customers' : 'Change'}
          </button>
        </div>
      </div>
    )
  }
  return (
    <div className="hits-below">
      <TextInput
        {...(isFilter ? { 'aria-label': label, size: 'xs' } : { label, 'data-autofocus': true })}
        placeholder={isFilter ? 'Every customer: search …' : 'Part of a name, phone or e-mail'}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={press}
        error={problem}
        autoComplete="off"
        role="combobox"
        aria-expanded={isShown}
        aria-controls={list}
        aria-activedescendant={isShown && found.length > 0 ? `${list}-${at}` : undefined}
      />
      {isShown && (
        <div className="hits" id={list} role="listbox" aria-label={`Found for “${label}”`}>
          {found.length === 0 && (
            <div className="none quiet" role="option" aria-selected="false" aria-disabled="true" tabIndex={-1}>
              Nobody found.
            </div>
          )}
          {found.map((customer, place) => (
            <button
              key={customer.id}
              id={`${list}-${place}`}
              type="button"
              role="option"
              aria-selected={place === at}
              onClick={() => choose(customer)}
            >
              {nameOf(customer)}{' '}
              <span className="quiet">{[customer.phoneNumber, customer.email].filter(Boolean).join(' · ')}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
