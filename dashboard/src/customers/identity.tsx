import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useSession } from '../base/context.ts'
import { useLive } from '../base/live.ts'
import { needSentence } from '../base/problems.ts'
import { Badge, Facts, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import type { Profile } from './queries.ts'

/** The one credential that the sandbox finds right. */
const testCredential = {
  first_name: 'Uchenna',
  last_name: 'Okoro',
  country: 'NG',
  bvn: '222222222221',
  bank_code: '007',
  account_number: '0111111111',
}

/** Who the customer is by the word of a bank: checks are started here, and followed while they run. */
export function Identity({ id, profile }: { id: string; profile: Profile }) {
  const { can, mteja } = useSession()
  const { more } = profile
  const live = useLive()
  const [startedAt, setStartedAt] = useState<number>()
  const { data: past } = useQuery({
    queryKey: ['customer', id, 'identity'],
    queryFn: async () => {
      const types = ['identity.succeeded', 'identity.failed']
      const pages = await Promise.all(
        types.map((type) => mteja.events.list({ type, customerId: id, limit: 10 }).page()),
      )
      return pages.flatMap(({ data }) => data).toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))
    },
  })
  const isRunning = startedAt !== undefined && !past?.some(({ createdAt }) => Date.parse(createdAt) >= startedAt - 2000)
  return (
    <div className="stack wide">
      {more.identified ? (
        <section className="stack">
          <p>
            <Badge tone="good">identified ✓</Badge>
          </p>
          {more.identifications?.map((each) => (
            <Facts
              key={each.value}
              of={[
                ['Name at the bank', [more.first_name, more.last_name].filter(Boolean).join(' ')],
                ['Country', each.country],
                ['By', each.type.replaceAll('_', ' ')],
                ['Number', each.value],
              ]}
            />
          ))}
        </section>
      ) : (
        <p>
          {isRunning ? <Badge tone="warn">Being checked</Badge> : <Badge>not identified</Badge>}{' '}
          {isRunning && (
            <span className="quiet">
              {live.state === 'live' ? 'The outcome appears here by itself.' : 'Waiting for the server.'}
            </span>
          )}
        </p>
      )}
      {past !== undefined && past.length > 0 && (
        <section className="stack tight">
          <h2>Outcomes</h2>
          <div className="table" aria-live="polite">
            {past.map((event) => (
              <div key={event.id} className="tr" style={columns('120px minmax(0, 1fr) 120px')}>
                <span>
                  {event.type === 'identity.succeeded' ? (
                    <Badge tone="good">Identified ✓</Badge>
                  ) : (
                    <Badge tone="bad">Failed ✕</Badge>
                  )}
                </span>
                <span style={{ whiteSpace: 'normal' }}>
                  {typeof event.data.reason === 'string' ? event.data.reason : ''}
                </span>
                <span className="end quiet">
                  <When at={event.createdAt} />
                </span>
              </div>
            ))}
          </div>
        </section>
      )}
      {can('customers:write') ? (
        !more.identified && (
          <Check id={id} profile={profile} begun={() => setStartedAt(Date.now())} isRunning={isRunning} />
        )
      ) : (
        <p className="quiet">{needSentence('customers:write')}</p>
      )}
    </div>
  )
}

interface CheckProps {
  id: string
  profile: Profile
  begun: () => void
  isRunning: boolean
}

function Check({ id, profile, begun, isRunning }: CheckProps) {
  const { paystack, mode, merchant } = useSession()
  const [fields, setFields] = useState({
    first_name: profile.more.first_name ?? '',
    last_name: profile.more.last_name ?? '',
    country: merchant.country,
    bvn: '',
    bank_code: '',
    account_number: '',
  })
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const { data: banks } = useQuery({
    queryKey: ['banks', fields.country],
    queryFn: () => paystack.banks.list({ country: countryNames[fields.country] ?? 'nigeria' }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  const field = (name: keyof typeof fields, label: string, more: object = {}) => (
    <TextInput
      label={label}
      value={fields[name]}
      onChange={(event) => setFields({ ...fields, [name]: event.currentTarget.value })}
      autoComplete="off"
      {...more}
    />
  )
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await paystack.customers.validate(id, { ...fields, type: 'bank_account' })
      begun()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const banksHere = banks?.data ?? []
  return (
    <form className="card stack" onSubmit={submit} noValidate>
      <h2>Start an identity check</h2>
      <p className="quiet">
        A bank is asked whether name, account and bank verification number belong together. They are not stored as
        typed.
      </p>
      <div className="row">
        {field('first_name', 'First name')}
        {field('last_name', 'Last name')}
      </div>
      <div className="row">
        <NativeSelect
          label="Country"
          value={fields.country}
          onChange={(event) => setFields({ ...fields, country: event.currentTarget.value, bank_code: '' })}
          data={
            Object.keys(countryNames).includes(fields.country)
              ? Object.keys(countryNames)
              : [fields.country, ...Object.keys(countryNames)]
          }
        />
        {banksHere.length > 0 && banksHere.some(({ code }) => code === fields.bank_code || fields.bank_code === '') ? (
          <NativeSelect
            label="Bank"
            value={fields.bank_code}
            onChange={(event) => setFields({ ...fields, bank_code: event.currentTarget.value })}
            data={[{ value: '', label: 'Choose' }, ...uniqueBanks(banksHere)]}
          />
        ) : (
          field('bank_code', 'Code of the bank')
        )}
        {field('account_number', 'Account number', { inputMode: 'numeric' })}
        {field('bvn', 'Bank verification number', { inputMode: 'numeric' })}
      </div>
      <Problem error={error} />
      <div className="row">
        <Button type="submit" loading={isBusy || isRunning}>
          Start the check
        </Button>
        {mode === 'test' && (
          <Button variant="default" onClick={() => setFields(testCredential)}>
            Fill in the credential that succeeds in test mode
          </Button>
        )}
      </div>
    </form>
  )
}

const countryNames: Record<string, string> = { NG: 'nigeria', GH: 'ghana', KE: 'kenya', ZA: 'south africa' }

function uniqueBanks(banks: readonly { code: string; name: string }[]) {
  return [...new Map(banks.map(({ code, name }) => [code, { value: code, label: name }])).values()]
}
