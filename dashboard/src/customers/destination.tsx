import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { tell } from '../base/problems.ts'
import { useBankNames, useBanks } from '../money/banks.ts'
import { destinationWords, masked } from '../money/payout-state.tsx'
import { nameOf } from './names.ts'
import { namesOf } from './queries.ts'

/** Stands for a place that is not saved yet. */
const fresh = 'new'

interface Chosen {
  destination: Mteja.CreatePayoutBody['destination']
  words: string
  /** That the bank names somebody else. */
  warning: string | undefined
  /** That this customer was never paid out there, but somebody else. */
  isOthers: string | undefined
  /** Whether this customer was paid out there before. */
  isKnown: boolean
}

/** Where a payout goes: a saved recipient, or an account that becomes one. */
export function useDestination(customerId: string, currency: string) {
  const saved = useSaved(customerId, currency)
  const banks = useBanks(currency)
  const [picked, setPicked] = useState<string>()
  const [bankCode, setBankCode] = useState('')
  const [number, setNumber] = useState('')
  const [typedName, setTypedName] = useState<string>()
  const [wrong, setWrong] = useState<{ bank?: string; number?: string; name?: string }>({})
  const places = [...(saved?.before ?? []), ...(saved?.others ?? [])]
  const choice = picked !== undefined && places.some(({ id }) => id === picked) ? picked : fresh
  const bank = banks?.find(({ code }) => code === bankCode)
  const isWallet = bank?.type.startsWith('mobile_money') ?? false
  const resolved = useHolder(isWallet ? undefined : bank?.code, number.trim())
  const name = typedName ?? resolved.name ?? ''
  const names = useBankNames()

  const readFresh = () => {
    const problems = {
      ...(bank === undefined && { bank: 'Choose the bank or the operator.' }),
      ...(!/^\+?[0-9A-Za-z]{4,34}$/.test(number.trim()) && { number: 'Type the number without blanks.' }),
      ...(name.trim() === '' && { name: 'Say whose account it is.' }),
    }
    setWrong(problems)
    if (bank === undefined || Object.keys(problems).length > 0) return undefined
    const accountName = name.trim()
    const account = isWallet
      ? { type: 'mobile_money' as const, provider: bank.code, phoneNumber: number.trim() }
      : { type: 'bank_account' as const, bankCode: bank.code, accountNumber: number.trim() }
    const words = `${accountName}, ${bank.name} ${masked(number.trim())}`
    return {
      destination: { ...account, accountName },
      words,
      warning: warningOf(accountName, resolved.name),
      isOthers: undefined,
      isKnown: false,
    }
  }
  return {
    saved,
    banks,
    names,
    choice,
    setPicked,
    fields: { bankCode, number, name },
    setBankCode,
    setNumber,
    setTypedName,
    isWallet,
    resolved,
    wrong,
    /** The place for the request and in words; undefined while a field is wrong, which it then says. */
    read(): Chosen | undefined {
      const place = places.find(({ id }) => id === choice)
      if (place === undefined) return readFresh()
      const words = `${place.accountName ?? 'name erased'}, ${destinationWords(place, names)}`
      const { nameCheck } = place
      const isOther = nameCheck !== null && nameCheck.result !== 'match'
      const isKnown = saved?.before.includes(place) ?? false
      const owner = saved?.owners.get(place.id)
      return {
        destination: { recipientId: place.id },
        words,
        isKnown,
        isOthers: isKnown
          ? undefined
          : `This customer was never paid out to there${owner === undefined ? '' : `: the account is that of a payout of ${owner}`}.`,
        warning: isOther ? warningOf(place.accountName ?? '', nameCheck.nameAtBank ?? undefined) : undefined,
      }
    },
  }
}

function warningOf(typed: string, atBank: string | undefined): string | undefined {
  const simple = (name: string) => name.trim().replaceAll(/\s+/g, ' ').toLowerCase()
  if (atBank === undefined || simple(atBank) === simple(typed)) return undefined
  return `The bank says that the account belongs to ${atBank}, and not to ${typed}.`
}

/** Places to which this customer was paid out before, then the newest others, and whose payouts went there, as far as it is known. */
function useSaved(customerId: string, currency: string) {
  const session = useSession()
  const { mteja } = session
  const { data } = useQuery({
    queryKey: ['customer', customerId, 'destinations'],
    queryFn: async () => {
      const [payouts, recipients, newest] = await Promise.all([
        mteja.payouts.list({ customerId, limit: 100 }).page(),
        mteja.recipients.list({ limit: 100 }).page(),
        mteja.payouts.list({ limit: 100 }).page(),
      ])
      const before = new Map(payouts.data.map(({ destination }) => [destination.id, destination]))
      const names = await namesOf(
        session,
        newest.data.flatMap(({ customerId }) => customerId ?? []),
        nameOf,
      )
      const ownerOf = (code: string | null) => (code === null ? 'your own balance' : (names.get(code) ?? code))
      return {
        before: [...before.values()].filter(({ active }) => active),
        others: recipients.data.filter(({ id }) => !before.has(id)),
        owners: new Map(newest.data.map(({ destination, customerId }) => [destination.id, ownerOf(customerId)])),
      }
    },
  })
  const ofCurrency = (places: readonly Mteja.Recipient[]) =>
    places.filter((place) => place.currency === currency && (place.accountNumber ?? place.phoneNumber) !== null)
  return data && { ...data, before: ofCurrency(data.before), others: ofCurrency(data.others) }
}

/** Whose the account is, by the word of its bank. Not every bank says it. */
function useHolder(bankCode: string | undefined, number: string) {
  const { paystack } = useSession()
  const [settled] = useDebouncedValue(number, 300)
  const { data, error, isFetching } = useQuery({
    queryKey: ['holder', bankCode, settled],
    enabled: bankCode !== undefined && /^[0-9A-Za-z]{6,34}$/.test(settled),
    staleTime: 60_000,
    queryFn: () => paystack.banks.resolve({ bank_code: bankCode ?? '', account_number: settled }),
  })
  return { name: data?.account_name, problem: error === null ? undefined : tell(error).sentence, isFetching }
}

type DestinationState = ReturnType<typeof useDestination>

/** The fields of a place. */
export function Destination({ of, currency }: { of: DestinationState; currency: string }) {
  const { saved, names, choice, setPicked } = of
  const group = (label: string, places: readonly Mteja.Recipient[] = []) =>
    places.length === 0
      ? []
      : [{ group: label, items: places.map((place) => ({ value: place.id, label: wordsFor(place) })) }]
  const wordsFor = (place: Mteja.Recipient) => {
    const owner = saved?.others.includes(place) ? saved.owners.get(place.id) : undefined
    return `${labelOf(place, names)}${owner === undefined ? '' : ` (of ${owner})`}`
  }
  return (
    <>
      <NativeSelect
        label="To"
        data-autofocus
        value={choice}
        onChange={(event) => setPicked(event.currentTarget.value)}
        data={[
          { value: fresh, label: 'A new account or wallet' },
          ...group('This customer was paid out to before', saved?.before),
          ...group('Of others: this customer never was', saved?.others),
        ]}
      />
      {choice === fresh && <Fresh of={of} currency={currency} />}
    </>
  )
}

const labelOf = (place: Mteja.Recipient, names: ReadonlyMap<string, string> | undefined) =>
  `${place.accountName ?? place.id}, ${destinationWords(place, names)}`

function Fresh({ of, currency }: { of: DestinationState; currency: string }) {
  const { banks, fields, wrong, isWallet, resolved } = of
  if (banks?.length === 0) return <p className="quiet">No bank that takes {currency} is known here.</p>
  return (
    <>
      <NativeSelect
        label="Bank or operator"
        value={fields.bankCode}
        onChange={(event) => of.setBankCode(event.currentTarget.value)}
        error={wrong.bank}
        data={[
          { value: '', label: banks === undefined ? 'Loading' : 'Choose' },
          ...(banks ?? []).map(({ code, name }) => ({ value: code, label: name })),
        ]}
      />
      <TextInput
        label={isWallet ? 'Telephone number' : 'Account number'}
        inputMode={isWallet ? 'tel' : 'text'}
        value={fields.number}
        onChange={(event) => {
          of.setNumber(event.currentTarget.value)
          of.setTypedName(undefined)
        }}
        error={wrong.number}
        autoComplete="off"
      />
      <TextInput
        label="Name of the payee"
        value={fields.name}
        onChange={(event) => of.setTypedName(event.currentTarget.value)}
        error={wrong.name}
        description={<span aria-live="polite">{holderWords(resolved)}</span>}
        maxLength={200}
        autoComplete="off"
      />
    </>
  )
}

function holderWords({ name, problem, isFetching }: DestinationState['resolved']): string {
  if (isFetching) return 'Asking the bank whose account it is …'
  if (name !== undefined) return `The bank says: ${name}`
  return problem === undefined ? '\u00a0' : `The bank does not say whose account it is: ${problem}`
}
