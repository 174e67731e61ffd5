import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { FormDialog } from '../parts/form.tsx'
import { More } from '../parts/more.tsx'
import { usePages } from '../parts/pages.ts'
import { SecretOnce } from '../parts/secret.tsx'

type Key = Mteja.RetrieveApiKeyResult

/** The roles, and what a key needs to give each: a key gives no scope that it lacks. */
const roles = [
  { value: 'viewer', label: 'Viewer: reads', needs: ['read'] },
  {
    value: 'support',
    label: 'Support: reads, changes customers, gives money back',
    needs: ['customers:write', 'refunds:write'],
  },
  {
    value: 'finance',
    label: 'Finance: moves money and records it',
    needs: [
      'money:write',
      'refunds:write',
      'payments:write',
      'pay_ins:write',
      'adjustments:write',
      'payouts:write',
      'approve',
    ],
  },
  {
    value: 'developer',
    label: 'Developer: keys, webhooks, payments',
    needs: ['customers:write', 'payments:write', 'developers'],
  },
  { value: 'owner', label: 'Owner: everything', needs: ['settings', 'approve', 'money:write', 'customers:write'] },
] as const

const keysQuery = ['developers', 'keys']

export function Keys() {
  const { mteja, can, key: own } = useSession()
  const list = usePages(keysQuery, (offset) => mteja.apiKeys.list({ limit: 50, offset }))
  const people = usePages(['developers', 'people'], (offset) => mteja.people.list({ limit: 100, offset }))
  const [dialog, setDialog] = useState<'new' | { act: 'replace' | 'revoke'; key: Key }>()
  const [made, setMade] = useState<string>()
  const close = () => setDialog(undefined)
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  // A row that gets its names later is taller then.
  const keys = people.items === undefined && people.error === null ? [] : list.items
  const nameOf = (id: string | null | undefined) => people.items?.find((person) => person.id === id)?.name
  return (
    <div className="stack">
      <div className="row apart">
        <p className="quiet">Keys of this mode. A key does what its role or its scopes allow.</p>
        {can('developers') ? (
          <Button onClick={() => setDialog('new')}>New key</Button>
        ) : (
          <span className="quiet">{needSentence('developers')}</span>
        )}
      </div>
      <div className="table">
        {keys?.map((key) => (
          <div key={key.id} className="tr" style={columns('minmax(0, 1.4fr) minmax(0, 1fr) 100px 176px 150px')}>
            <span>
              {key.name ?? 'Without a name'} <span className="code quiet">…{key.hint}</span>{' '}
              {key.id === own.id && <Badge>yours</Badge>}
            </span>
            <span className="quiet">{nameOf(key.personId) ?? 'a program'}</span>
            <span title={(key.scopes ?? []).join(', ')}>{key.role ?? 'own scopes'}</span>
            <span className="quiet">
              {key.revokedAt !== null ? (
                <Badge tone="bad">revoked</Badge>
              ) : key.lastUsedAt ? (
                <LastUse at={key.lastUsedAt} />
              ) : (
                'never used'
              )}
            </span>
            {key.revokedAt === null && can('developers') ? (
              <span className="row">
                <button type="button" className="link-button" onClick={() => setDialog({ act: 'replace', key })}>
                  Replace<span className="hidden"> …{key.hint}</span>
                </button>
                <button type="button" className="link-button" onClick={() => setDialog({ act: 'revoke', key })}>
                  Revoke<span className="hidden"> …{key.hint}</span>
                </button>
              </span>
            ) : (
              <span />
            )}
          </div>
        ))}
      </div>
      <More list={list} />
      {dialog === 'new' && <NewKey people={people.items ?? []} close={close} made={setMade} />}
      {typeof dialog === 'object' && dialog.act === 'replace' && (
        <Replace of={dialog.key} close={close} made={setMade} />
      )}
      {typeof dialog === 'object' && dialog.act === 'revoke' && (
        <Revoke of={dialog.key} owner={nameOf(dialog.key.personId) ?? null} close={close} />
      )}
      {made !== undefined && <SecretOnce title="The new key" secret={made} close={() => setMade(undefined)} />}
    </div>
  )
}

/** The hour of the last use is known, not the minute. */
function LastUse({ at }: { at: string }) {
  if (Date.now() - Date.parse(at) < 3_600_000) return 'used in the last hour'
  return (
    <>
      used <When at={at} />
    </>
  )
}

function NewKey({
  people,
  close,
  made,
}: {
  people: readonly Mteja.Person[]
  close: () => void
  made: (secret: string) => void
}) {
  const { mteja, key: own, can } = useSession()
  const queries = useQueryClient()
  const given = roles.filter(({ needs }) => needs.every(can))
  const [name, setName] = useState('')
  const [role, setRole] = useState<(typeof roles)[number]['value']>(
    given.some(({ value }) => value === 'support') ? 'support' : 'viewer',
  )
  const [personId, setPersonId] = useState('')
  const [ends, setEnds] = useState('')
  const run = async () => {
    const body = {
      role,
      ...(name.trim() && { name: name.trim() }),
      ...(personId && { personId }),
      ...(ends && { expiresAt: ends }),
    }
    const { secret } = await mteja.apiKeys.create(body)
    queries.invalidateQueries({ queryKey: keysQuery })
    made(secret)
  }
  return (
    <FormDialog title="New key" button="Make the key" close={close} run={run}>
      <TextInput
        label="Name"
        description="What it is for"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <NativeSelect
        label="Role"
        value={role}
        onChange={(event) => setRole(event.currentTarget.value as typeof role)}
        data={given.map(({ value, label }) => ({ value, label }))}
      />
      <NativeSelect
        label="Belongs to"
        value={personId}
        onChange={(event) => setPersonId(event.currentTarget.value)}
        data={[
          { value: '', label: 'A program' },
          ...people.filter(({ endedAt }) => endedAt === null).map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <TextInput
        label="Refused from this day on"
        description={own.expiresAt ? 'It ends no later than your own key' : 'Without a day it does not end'}
        type="date"
        value={ends}
        onChange={(event) => setEnds(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

function Replace({ of, close, made }: { of: Key; close: () => void; made: (secret: string) => void }) {
  const { mteja } = useSession()
  const queries = useQueryClient()
  const [hours, setHours] = useState('24')
  const run = async () => {
    const { secret } = await mteja.apiKeys.replace(of.id, { overlapHours: Number(hours) })
    queries.invalidateQueries({ queryKey: keysQuery })
    made(secret)
  }
  return (
    <FormDialog
      title={`Replace …${of.hint}`}
      button="Make the new key"
      close={close}
      run={run}
      isReady={/^\d{1,3}$/.test(hours)}
    >
      <p>The new key can do the same. Both are accepted for this many hours; 0 ends the old one at once.</p>
      <TextInput
        label="Hours"
        inputMode="numeric"
        value={hours}
        onChange={(event) => setHours(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

function Revoke({ of, owner, close }: { of: Key; owner: string | null; close: () => void }) {
  const { mteja, key: own } = useSession()
  const queries = useQueryClient()
  const notice = useNotice()
  const [keepMade, setKeepMade] = useState(false)
  const [withReplacements, setWithReplacements] = useState(false)
  const ask = () => ({
    sentence: (
      <>
        The key <strong>{of.name ?? `…${of.hint}`}</strong> of {owner ?? 'a program'} is refused from the next request
        on
        {keepMade ? '. The keys that it made stay' : ', and so are the keys that it made'}
        {withReplacements && ', and its replacements too'}.
        {of.id === own.id && ' It is your own key: you will be signed out.'}
      </>
    ),
    button: `Revoke …${of.hint}`,
    run: () => mteja.apiKeys.revoke(of.id, { keepMade, withReplacements }),
  })
  const done = () => {
    queries.invalidateQueries({ queryKey: keysQuery })
    notice({ text: 'The key was revoked.' })
  }
  return (
    <Action title={`Revoke …${of.hint}`} close={close} ask={ask} done={done} isDangerous>
      <p>
        <strong>{of.name ?? 'A key without a name'}</strong>, the key of {owner ?? 'a program'}
        {of.role && `, ${of.role}`}
      </p>
      <Checkbox
        label="Keep the keys that it made"
        checked={keepMade}
        onChange={(event) => setKeepMade(event.currentTarget.checked)}
      />
      <Checkbox
        label="Revoke its replacements as well, as after a leak"
        checked={withReplacements}
        onChange={(event) => setWithReplacements(event.currentTarget.checked)}
      />
    </Action>
  )
}
