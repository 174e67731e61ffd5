import type { ReactNode } from 'react'
import type { Mteja } from '../base/client.ts'
import { formatMoney, type MoneyFormat } from '../base/money.ts'
import { differenceWords, NameAtBank } from './name-check.tsx'

type Approval = Mteja.Approval
type Ground = [name: string, value: ReactNode]

/** By what a second person decides: how a thing that is settled by hand was found, and the name of a payee at the bank. */
export function groundsOf(approval: Approval, format: MoneyFormat): Ground[] {
  return [...nameGrounds(approval), ...findingOf(approval, format)]
}

/** The same in a sentence, for a text that has no room for a list. */
export function groundWords(approval: Approval, format: MoneyFormat): string {
  const difference = approval.destination === null ? undefined : differenceWords(approval.destination)
  const told = findingOf(approval, format).filter(([, value]) => value !== none)
  const finding = told.map(([name, value]) => `${name}: ${value}.`)
  return [difference, ...finding].filter(Boolean).join(' ')
}

const none = '–'

function nameGrounds({ destination }: Approval): Ground[] {
  return destination === null ? [] : [['Name at the bank', <NameAtBank key="name" check={destination.nameCheck} />]]
}

/** How a person has found what is settled by hand. Nothing for anything else. */
export function findingOf({ settlement, words, currency }: Approval, format: MoneyFormat): [string, string][] {
  if (settlement === null) return []
  const { proof, fee } = settlement
  return [
    ['Proof', proof ?? none],
    ['Reason', words ?? none],
    ['Kept by the bank', fee === null || currency === null ? none : formatMoney(fee, currency, format)],
  ]
}
