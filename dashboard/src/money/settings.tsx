import { Button, Checkbox, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { editable, readAmount } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import { Problem } from '../parts/basics.tsx'
import { CurrencySelect, useCurrencies } from '../parts/currency-select.tsx'
import { LimitTable } from './limit-table.tsx'
import { Processors } from './processors.tsx'
import { Changed, useSettingsForm } from './settings-form.tsx'
import { DisputeForm, PaymentForm, PayoutForm, SettingsInWords } from './settings-forms.tsx'

/** What waits for a second person, and what becomes of payouts, payments and disputes. */
export function MoneySettings() {
  const { mteja, can } = useSession()
  const { areKnown } = useCurrencies()
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'settings'],
    queryFn: async () => {
      const [approvals, payouts, payments, disputes] = await Promise.all([
        mteja.approvals.retrieveSettings(),
        mteja.payouts.retrieveSettings(),
        mteja.paymentSettings.retrieve(),
        mteja.disputes.retrieveSettings(),
      ])
      return { approvals, payouts, payments, disputes }
    },
  })
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  // The fields follow the currencies in use.
  if (data === undefined || !areKnown) return null
  if (!can('settings')) {
    return (
      <div className="stack wide">
        <LimitTable title="What waits for a second person" settings={data.approvals} />
        <SettingsInWords {...data} />
        <p className="quiet">{needSentence('settings')}</p>
      </div>
    )
  }
  return (
    <div className="stack wide">
      <Limits settings={data.approvals} />
      <PayoutForm settings={data.payouts} />
      <PaymentForm settings={data.payments} />
      <DisputeForm settings={data.disputes} />
      <Processors />
    </div>
  )
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
  const { used } = useCurrencies()
  const [added, setAdded] = useState<readonly string[]>([])
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
  const hasLimit = (currency: string) => seen.limits.some((each) => each.currency === currency)
  const shown = merchant.currencies.filter((each) => used.includes(each) || added.includes(each) || hasLimit(each))
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
      {shown.length === 0 && <p>No amount waits for a second person.</p>}
      {shown.map((currency) => (
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
      <div className="limits">
        <CurrencySelect
          label="Another currency"
          value=""
          none="Choose one to limit it"
          choose={(currency) => setAdded([...added, currency])}
          except={shown}
        />
      </div>
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
