import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useSession } from '../base/context.ts'
import { Folded } from '../parts/folded.tsx'
import { usePages } from '../parts/pages.ts'
import { useSteps } from '../parts/steps.ts'
import { AuditList } from './audit-list.tsx'

const pauseMs = 300

/** Who did what, when, from where, before and after. */
export function Audit() {
  const { mteja } = useSession()
  const people = usePages(['developers', 'people'], (offset) => mteja.people.list({ limit: 100, offset }))
  const [fields, setFields] = useState({ by: '', action: '', object: '', from: '', to: '' })
  const [settled] = useDebouncedValue(fields, pauseMs)
  const given = Object.fromEntries(
    Object.entries(settled)
      .map(([name, value]) => [name, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  )
  const list = useSteps(['audit', given], (before) =>
    mteja.audit.list({ ...given, limit: 50, ...(before && { before }) }),
  )
  const set = (name: keyof typeof fields) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget
    setFields((before) => ({ ...before, [name]: value }))
  }
  return (
    <div className="stack">
      <div className="title-line">
        <h1>Audit</h1>
      </div>
      <Folded isOpen={false}>
        <fieldset className="row filters">
          <legend className="hidden">Show only</legend>
          <NativeSelect
            label="Who"
            value={fields.by}
            onChange={set('by')}
            data={[
              { value: '', label: 'Everybody' },
              ...(people.items ?? []).map(({ id, name }) => ({ value: id, label: name })),
              { value: 'key', label: 'Keys' },
              { value: 'token', label: 'Tokens' },
              { value: 'operator', label: 'The operator of the service' },
            ]}
          />
          <TextInput label="What" placeholder="such as transfer" value={fields.action} onChange={set('action')} />
          <TextInput label="About" placeholder="an id or a code" value={fields.object} onChange={set('object')} />
          <div className="days">
            <TextInput label="From" type="date" value={fields.from} onChange={set('from')} />
            <TextInput label="To, included" type="date" value={fields.to} onChange={set('to')} />
          </div>
        </fieldset>
      </Folded>
      <AuditList list={list} empty="Nothing was written yet." />
    </div>
  )
}
