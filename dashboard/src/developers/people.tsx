import { Button, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Empty, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { FormDialog } from '../parts/form.tsx'
import { More } from '../parts/more.tsx'
import { usePages } from '../parts/pages.ts'

const peopleQuery = ['developers', 'people']

/** People to whom keys belong, so that the trail can name them. */
export function People() {
  const { mteja, can } = useSession()
  const list = usePages(peopleQuery, (offset) => mteja.people.list({ limit: 100, offset }))
  const [dialog, setDialog] = useState<'new' | { act: 'edit' | 'end'; person: Mteja.Person }>()
  const close = () => setDialog(undefined)
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      <div className="row apart">
        <p className="quiet">A key that belongs to a person names that person in everything done with it.</p>
        {can('developers') ? (
          <Button onClick={() => setDialog('new')}>New person</Button>
        ) : (
          <span className="quiet">{needSentence('developers')}</span>
        )}
      </div>
      {list.items?.length === 0 && (
        <Empty title="There are no people yet">
          <p>Add the people who sign in here. Then make a key for each of them.</p>
        </Empty>
      )}
      <div className="table">
        {list.items?.map((person) => (
          <div key={person.id} className="tr" style={columns('minmax(0, 1fr) minmax(0, 1.4fr) 110px 130px')}>
            <span>{person.name}</span>
            <span className="quiet">{person.email}</span>
            <span className="quiet">
              {person.endedAt === null ? <When at={person.createdAt} /> : <Badge tone="bad">ended</Badge>}
            </span>
            {person.endedAt === null && can('developers') ? (
              <span className="row">
                <button type="button" className="link-button" onClick={() => setDialog({ act: 'edit', person })}>
                  Change<span className="hidden"> {person.name}</span>
                </button>
                <button type="button" className="link-button" onClick={() => setDialog({ act: 'end', person })}>
                  End<span className="hidden"> {person.name}</span>
                </button>
              </span>
            ) : (
              <span />
            )}
          </div>
        ))}
      </div>
      <More list={list} />
      {dialog === 'new' && <Edit person={undefined} close={close} />}
      {typeof dialog === 'object' && dialog.act === 'edit' && <Edit person={dialog.person} close={close} />}
      {typeof dialog === 'object' && dialog.act === 'end' && <End person={dialog.person} close={close} />}
    </div>
  )
}

function Edit({ person, close }: { person: Mteja.Person | undefined; close: () => void }) {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const [name, setName] = useState(person?.name ?? '')
  const [email, setEmail] = useState(person?.email ?? '')
  const [wrong, setWrong] = useState<{ name?: string; email?: string }>({})
  const check = () => {
    const problems = {
      ...(name.trim() === '' && { name: 'Say what the person is called.' }),
      ...(!email.includes('@') && { email: 'Type the e-mail: it tells two people of one name apart.' }),
    }
    setWrong(problems)
    return Object.keys(problems).length === 0
  }
  const run = async () => {
    const body = { name: name.trim(), email: email.trim() }
    await (person === undefined ? mteja.people.create(body) : mteja.people.update(person.id, body))
    queries.invalidateQueries({ queryKey: peopleQuery })
  }
  return (
    <FormDialog
      title={person === undefined ? 'New person' : 'Change a person'}
      button="Save"
      close={close}
      run={run}
      check={check}
    >
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={wrong.name}
        data-autofocus
      />
      <TextInput
        label="E-mail"
        type="email"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={wrong.email}
      />
    </FormDialog>
  )
}

function End({ person, close }: { person: Mteja.Person; close: () => void }) {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const notice = useNotice()
  const ask = () => ({
    sentence: (
      <>
        Every key of <strong>{person.name}</strong> is revoked at once, and {person.name} can have no new one.
      </>
    ),
    button: `End ${person.name}`,
    run: (idempotencyKey: string) => mteja.people.end(person.id, { idempotencyKey }),
  })
  const done = () => {
    queries.invalidateQueries({ queryKey: ['developers'] })
    notice({ text: 'The person and their keys have ended.' })
  }
  return (
    <Action title="End a person" close={close} ask={ask} done={done} isDangerous>
      <p>For somebody who has left. What they did stays in the trail under their name.</p>
    </Action>
  )
}
