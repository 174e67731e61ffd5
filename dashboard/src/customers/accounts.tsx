import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Paystack } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { needSentence } from '../base/problems.ts'
import { plain } from '../base/words.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Copyable, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { nameOf } from './names.ts'
import { type Profile, useRefresh } from './queries.ts'

/** Bank accounts to which the customer is paid, and permissions to debit the customer's own account. */
export function Accounts(props: { id: string; profile: Profile }) {
  return (
    <div className="stack wide">
      <DedicatedAccounts {...props} />
      <Mandates {...props} />
    </div>
  )
}

type Account = Paystack.FetchedCustomer['dedicated_accounts'][number]

function DedicatedAccounts({ id, profile }: { id: string; profile: Profile }) {
  const { can } = useSession()
  const [leaving, setLeaving] = useState<Account>()
  const accounts = profile.more.dedicated_accounts
  return (
    <section className="stack">
      <h2>Dedicated accounts</h2>
      {accounts.length === 0 && (
        <p className="quiet">None yet. Money sent to a dedicated account fills the balance of its customer.</p>
      )}
      {accounts.length > 0 && (
        <div className="table">
          {accounts.map((account) => (
            <div key={account.id} className="tr" style={columns('minmax(0, 1fr) minmax(0, 1fr) 120px auto')}>
              <span>
                {account.bank.name} <Copyable text={account.account_number} />
              </span>
              <span className="quiet">{account.account_name}</span>
              <span className="quiet">
                {account.currency}, <When at={account.created_at} />
              </span>
              {can('customers:write') && (
                <button type="button" className="link-button" onClick={() => setLeaving(account)}>
                  Take away<span className="hidden"> {account.account_number}</span>
                </button>
              )}
            </div>
          ))}
        </div>
      )}
      {can('customers:write') ? (
        <NewAccount id={id} profile={profile} />
      ) : (
        <p className="quiet">{needSentence('customers:write')}</p>
      )}
      {leaving !== undefined && (
        <TakeAway id={id} name={nameOf(profile.customer)} account={leaving} close={() => setLeaving(undefined)} />
      )}
    </section>
  )
}

function NewAccount({ id, profile }: { id: string; profile: Profile }) {
  const { paystack } = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  const { data: providers, error: lacking } = useQuery({
    queryKey: ['providers'],
    queryFn: () => paystack.dedicatedAccounts.providers(),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const [bank, setBank] = useState<string>()
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const first = providers?.[0]?.provider_slug
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await paystack.dedicatedAccounts.create({ customer: profile.more.customer_code, preferred_bank: bank ?? first })
      refresh()
      notice({ text: 'The customer has the account.' })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  if (lacking !== null) return <Problem error={lacking} />
  return (
    <form className="stack tight" onSubmit={submit}>
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <NativeSelect
          label="A new account at"
          value={bank ?? first ?? ''}
          onChange={(event) => setBank(event.currentTarget.value)}
          data={(providers ?? []).map(({ provider_slug, bank_name }) => ({ value: provider_slug, label: bank_name }))}
        />
        <Button type="submit" variant="default" loading={isBusy} disabled={first === undefined}>
          Give the customer an account
        </Button>
      </div>
      <Problem error={error} />
    </form>
  )
}

function TakeAway({ id, name, account, close }: { id: string; name: string; account: Account; close: () => void }) {
  const { paystack } = useSession()
  const refresh = useRefresh(id)
  const notice = useNotice()
  const ask = () => ({
    sentence: (
      <>
        The account {account.account_number} at {account.bank.name} no longer belongs to <strong>{name}</strong>. Money
        that is sent to it from now on is refused.
      </>
    ),
    button: `Take away ${account.account_number}`,
    run: (idempotencyKey: string) => paystack.dedicatedAccounts.deactivate(account.id, { idempotencyKey }),
  })
  const done = () => {
    refresh()
    notice({ text: 'The account was taken away.' })
  }
  return (
    <Action title="Take an account away" close={close} ask={ask} done={done} isDangerous>
      <p>
        {account.bank.name} {account.account_number}
      </p>
    </Action>
  )
}

function Mandates({ id, profile }: { id: string; profile: Profile }) {
  const { paystack, can } = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: ['customer', id, 'mandates'],
    queryFn: () => paystack.customers.mandateAuthorizations(profile.more.id),
  })
  return (
    <section className="stack">
      <h2>Mandates</h2>
      {error !== null && <Problem error={error} again={refetch} />}
      {data?.data.length === 0 && (
        <p className="quiet">None yet. A mandate lets you debit the customer’s own bank account.</p>
      )}
      {data !== undefined && data.data.length > 0 && (
        <div className="table">
          {data.data.map((mandate) => (
            <div key={mandate.id} className="tr" style={columns('120px minmax(0, 1fr) minmax(0, 1fr) 120px')}>
              <span>
                <Badge tone={mandate.status === 'active' ? 'good' : ''}>{plain(mandate.status)}</Badge>
              </span>
              <span>
                {mandate.bank_name} {mandate.account_number}
              </span>
              <span>
                <Copyable text={mandate.authorization_code} />
              </span>
              <span className="quiet">{mandate.authorized_at && <When at={mandate.authorized_at} />}</span>
            </div>
          ))}
        </div>
      )}
      {can('customers:write') && <AskForMandate profile={profile} />}
    </section>
  )
}

function AskForMandate({ profile }: { profile: Profile }) {
  const { paystack } = useSession()
  const [url, setUrl] = useState<string>()
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const { email } = profile.customer
  const submit = async () => {
    setBusy(true)
    setError(null)
    try {
      const { redirect_url } = await paystack.customers.initializeAuthorization({
        email: email ?? '',
        channel: 'direct_debit',
      })
      setUrl(redirect_url)
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  if (email === undefined) return <p className="quiet">For a mandate the customer needs an e-mail.</p>
  return (
    <div className="stack tight">
      <Problem error={error} />
      {url === undefined ? (
        <div>
          <Button variant="default" onClick={submit} loading={isBusy}>
            Ask for a mandate
          </Button>
        </div>
      ) : (
        <TextInput
          label="Send this address to the customer: there they agree"
          value={url}
          readOnly
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </div>
  )
}
