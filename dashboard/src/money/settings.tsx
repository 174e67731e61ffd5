import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { editable, readAmount } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import { Problem } from '../parts/basics.tsx'
import { LimitTable } from './limit-table.tsx'

/** What waits for a second person, and who bears the fees of payouts. */
export function MoneySettings() {
  const { mteja, can } = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'settings'],
    queryFn: async () => {
      const [approvals, payouts] = await Promise.all([
        mteja.approvals.retrieveSettings(),
        mteja.payouts.retrieveSettings(),
      ])
      return { approvals, payouts }
    },
  })
  if (error !== null) return <Problem error={error} again={refetch} />
  if (data === undefined) return null
  const { approvals, payouts } = data
  if (!can('settings')) {
    return (
      <div className="stack wide">
        <LimitTable title="What waits for a second person" settings={approvals} />
        <p>{bearers[payouts.feesBorneBy]}</p>
        <p className="quiet">{needSentence('settings')}</p>
      </div>
    )
  }
  return (
    <div className="stack wide">
      <Limits settings={approvals} />
      <Fees settings={payouts} />
    </div>
  )
}

const bearers = {
  merchant: 'You bear the fees of payouts.',
  owner: 'Whoever owns the balance bears the fees of its payouts.',
} as const

/** A form about settings as they were when it began: whatever somebody else saves meanwhile is not overwritten. */
function useSettingsForm(save: () => Promise<string>) {
  const queries = useQueryClient()
  const notice = useNotice()
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      notice({ text: await save() })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
      queries.invalidateQueries({ queryKey: ['money'] })
    }
  }
  return { error, isBusy, submit }
}

type Texts = Record<string, { amountOver: string; dailySumOver: string }>

function textsOf({ limits }: Mteja.ApprovalSettings, currencies: readonly string[]): Texts {
  const text = (amount: number | null | undefined, currency: string) =>
    amount === null || amount === undefined ? '' : editable(amount, currency)
  return Object.fromEntries(
    currencies.map((currency) => {
      const limit = limits.find((each) => each.currency === currency)
      return [
        currency,
        { amountOver: text(limit?.amountOver, currency), dailySumOver: text(limit?.dailySumOver, currency) },
      ]
    }),
  )
}

/** A limit of 0, which `readAmount` refuses, has everything wait. */
function readLimit(text: string, currency: string): number | undefined | { problem: string } {
  if (text.trim() === '') return undefined
  if (/^0+([.,]0+)?$/.test(text.trim())) return 0
  const read = readAmount(text, currency)
  return 'problem' in read ? read : Number(read.amount)
}

function Limits({ settings: now }: { settings: Mteja.ApprovalSettings }) {
  const { mteja, merchant } = useSession()
  const [seen, setSeen] = useState(now)
  const [texts, setTexts] = useState(() => textsOf(now, merchant.currencies))
  const [newDestinations, setNewDestinations] = useState(now.newDestinations)
  const [problem, setProblem] = useState<string>()
  const begin = (settings: Mteja.ApprovalSettings) => {
    setSeen(settings)
    setTexts(textsOf(settings, merchant.currencies))
    setNewDestinations(settings.newDestinations)
  }
  const set = (currency: string, member: 'amountOver' | 'dailySumOver', text: string) => {
    const before = texts[currency] ?? { amountOver: '', dailySumOver: '' }
    setTexts({ ...texts, [currency]: { ...before, [member]: text } })
  }
  const save = async () => {
    const limits: NonNullable<Mteja.UpdateApprovalSettingsBody['limits']> = []
    for (const [currency, fields] of Object.entries(texts)) {
      const amountOver = readLimit(fields.amountOver, currency)
      const dailySumOver = readLimit(fields.dailySumOver, currency)
      const wrong = [amountOver, dailySumOver].find((each) => typeof each === 'object')
      if (typeof wrong === 'object') {
        setProblem(`${currency}: ${wrong.problem}`)
        throw new Error(`${currency}: ${wrong.problem}`)
      }
      limits.push({
        currency,
        ...(typeof amountOver === 'number' && { amountOver }),
        ...(typeof dailySumOver === 'number' && { dailySumOver }),
      })
    }
    setProblem(undefined)
    const after = await mteja.approvals.updateSettings({ limits, newDestinations }, { ifMatch: seen.updatedAt })
    begin(after)
    if (after.waitingApprovalId === null) return 'The limits were saved.'
    return 'This lets more pass than before, so it waits for a second person itself.'
  }
  const { error, isBusy, submit } = useSettingsForm(save)
  const isStale = now.updatedAt > seen.updatedAt
  return (
    <form className="stack" onSubmit={submit} noValidate aria-label="Limits">
      <h2>What waits for a second person</h2>
      <p className="quiet">
        An empty field is no limit; with 0 everything waits. A lower limit counts at once. A higher one waits for a
        second person.
      </p>
      {now.waitingApprovalId !== null && (
        <p className="needed">
          A change of these limits{' '}
          <Link href={`/money?tab=approvals&which=waiting&approval=${now.waitingApprovalId}`}>
            waits for a second person
          </Link>
          .
        </p>
      )}
      {merchant.currencies.map((currency) => (
        <div className="limits" key={currency}>
          <TextInput
            label={`${currency}: an amount over`}
            inputMode="decimal"
            value={texts[currency]?.amountOver ?? ''}
            onChange={(event) => set(currency, 'amountOver', event.currentTarget.value)}
            autoComplete="off"
          />
          <TextInput
            label={`${currency}: one person’s sum of a day over`}
            inputMode="decimal"
            value={texts[currency]?.dailySumOver ?? ''}
            onChange={(event) => set(currency, 'dailySumOver', event.currentTarget.value)}
            autoComplete="off"
          />
        </div>
      ))}
      <Checkbox
        label="The first payout to a new account waits, too"
        checked={newDestinations}
        onChange={(event) => setNewDestinations(event.currentTarget.checked)}
      />
      <Changed isStale={isStale} see={() => begin(now)} />
      {problem === undefined ? <Problem error={error} /> : <p className="bad">{problem}</p>}
      <div>
        <Button type="submit" loading={isBusy}>
          Save the limits
        </Button>
      </div>
    </form>
  )
}

/** Somebody else has saved settings while this form was open. */
function Changed({ isStale, see }: { isStale: boolean; see: () => void }) {
  if (!isStale) return null
  return (
    <p className="needed row">
      Somebody else has changed these settings meanwhile.
      <button type="button" className="link-button" onClick={see}>
        Show them as they are now
      </button>
    </p>
  )
}

function Fees({ settings: now }: { settings: Mteja.PayoutSettings }) {
  const { mteja } = useSession()
  const [seen, setSeen] = useState(now)
  const [bearer, setBearer] = useState(now.feesBorneBy)
  const begin = (settings: Mteja.PayoutSettings) => {
    setSeen(settings)
    setBearer(settings.feesBorneBy)
  }
  const save = async () => {
    begin(await mteja.payouts.updateSettings({ feesBorneBy: bearer }, { ifMatch: seen.updatedAt }))
    return 'Saved, for payouts from now on.'
  }
  const { error, isBusy, submit } = useSettingsForm(save)
  return (
    <form className="stack" onSubmit={submit} noValidate aria-label="Fees of payouts">
      <h2>Fees of payouts</h2>
      <NativeSelect
        label="Who bears the fee of the processor"
        value={bearer}
        onChange={(event) => setBearer(event.currentTarget.value as typeof bearer)}
        data={[
          { value: 'merchant', label: 'You' },
          { value: 'owner', label: 'Whoever owns the balance' },
        ]}
        w={320}
        maw="100%"
      />
      <Changed isStale={now.updatedAt > seen.updatedAt} see={() => begin(now)} />
      <Problem error={error} />
      <div>
        <Button type="submit" variant="default" loading={isBusy}>
          Save
        </Button>
      </div>
    </form>
  )
}
