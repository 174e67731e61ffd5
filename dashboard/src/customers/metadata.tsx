import { Button, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { Copyable, Empty, Json, Problem } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { changesOf, isExact, readMember } from './metadata-members.ts'
import { type Profile, useRefresh } from './queries.ts'

/** The merchant's own facts about a customer, member by member. Only members that were changed are sent. */
export function MetadataEditor({ id, profile }: { id: string; profile: Profile }) {
  const { can } = useSession()
  const { metadata } = profile.customer
  const members = Object.entries(metadata as Record<string, unknown>)
  const [name, setName] = useState<string | null>(null)
  const isNew = name === ''
  return (
    <div className="stack">
      {members.length === 0 && name === null && (
        <Empty title="Nothing is stored with this customer">
          <p>
            Add what you want to know about the customer, such as your own customer number or a branch. The search finds
            it.
          </p>
        </Empty>
      )}
      {members.length > 0 && (
        <div className="table">
          {members.map(([key, value]) =>
            key === name ? null : (
              <div key={key} className="tr" style={columns('minmax(120px, 1fr) minmax(0, 2fr) auto')}>
                <span className="code">{key}</span>
                <span style={{ whiteSpace: 'normal' }}>
                  {typeof value === 'string' ? value : <code>{JSON.stringify(value)}</code>}
                </span>
                {can('customers:write') && isExact(value) ? (
                  <button type="button" className="link-button" onClick={() => setName(key)}>
                    Change<span className="hidden"> {key}</span>
                  </button>
                ) : (
                  <span className="quiet">{isExact(value) ? '' : 'a number too large to be changed here'}</span>
                )}
              </div>
            ),
          )}
        </div>
      )}
      {name !== null && <Member key={name} id={id} profile={profile} name={name} close={() => setName(null)} />}
      {!can('customers:write') && <p className="quiet">{needSentence('customers:write')}</p>}
      {can('customers:write') && !isNew && (
        <div className="row">
          <Button variant="default" onClick={() => setName('')}>
            Add metadata
          </Button>
          {members.length > 0 && <Copyable text={JSON.stringify(metadata, null, 2)} label="Copy all as JSON" />}
        </div>
      )}
      {members.some(([, value]) => typeof value === 'object' && value !== null) && (
        <details>
          <summary>As JSON</summary>
          <Json value={metadata} />
        </details>
      )}
    </div>
  )
}

function Member({
  id,
  profile,
  name: given,
  close,
}: {
  id: string
  profile: Profile
  name: string
  close: () => void
}) {
  const session = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  const metadata = profile.customer.metadata as Record<string, unknown>
  const before = given === '' ? undefined : metadata[given]
  const [name, setName] = useState(given)
  const [text, setText] = useState(
    typeof before === 'string' ? before : before === undefined ? '' : JSON.stringify(before),
  )
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  // As it was when the form was opened, and after a refusal as it is now.
  const [opened, setOpened] = useState<string | undefined>(profile.customer.updatedAt)
  const save = async (changes: Record<string, unknown>, told: string) => {
    setBusy(true)
    setError(null)
    try {
      const ifMatch = opened ?? profile.customer.updatedAt
      const { updatedAt } = await session.cashful.customers.update(id, { metadata: changes }, { ifMatch })
      refresh()
      close()
      const undo = async () => {
        const back = { metadata: changesOf(changes, metadata) }
        await session.cashful.customers.update(id, back, { ifMatch: updatedAt })
        refresh()
      }
      notice({ text: told, undo })
    } catch (failure) {
      setError(failure)
      setOpened(undefined)
      refresh()
      setBusy(false)
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (given === '' && name.trim() in metadata) return setError(new Error(`There is “${name.trim()}” already.`))
    save({ [name.trim()]: readMember(text) }, `“${name.trim()}” was saved.`)
  }
  return (
    <form className="card stack" onSubmit={submit}>
      {given === '' ? (
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
      ) : (
        <h3 className="code">{given}</h3>
      )}
      <Textarea
        label="Value"
        description="A text, or JSON: a number, true, a list, an object. Put a number that is a name, such as 007, in quotes."
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autosize
        maxRows={12}
        data-autofocus={given !== '' || undefined}
      />
      <Problem error={error} />
      <div className="row">
        <Button type="submit" loading={isBusy} disabled={name.trim() === '' || text === ''}>
          Save
        </Button>
        {given !== '' && (
          <Button variant="default" onClick={() => save({ [given]: null }, `“${given}” was removed.`)}>
            Remove
          </Button>
        )}
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  )
}
