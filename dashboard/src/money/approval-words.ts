import type { Mteja } from '../base/client.ts'
import { plain } from '../base/words.ts'
import { masked } from './payout-state.tsx'

type Approval = Mteja.Approval

/** What waits, in a few words without the amount. */
export function aboutWords({ kind, direction, destination, settlement }: Approval): string {
  switch (kind) {
    case 'payout_settlement':
      if (settlement?.book)
        return settlement.outcome === 'paid' ? 'Payout booked as paid after all' : 'Paid payout booked as not paid'
      return settlement?.outcome === 'paid' ? 'Payout booked as paid by hand' : 'Payout booked as not paid by hand'
    case 'refund_settlement':
      return settlement?.outcome === 'processed'
        ? 'Refund booked as given back by hand'
        : 'Refund booked as not given back by hand'
    case 'payout':
      if (destination === null) return 'Payout'
      return `Payout to ${[destination.accountName ?? 'an erased name', destination.accountNumber && masked(destination.accountNumber)].filter(Boolean).join(' ')}`
    case 'adjustment':
      return direction === 'debit' ? 'Adjustment: take from the balance' : 'Adjustment: add to the balance'
    case 'pay_in':
      return 'Pay-in by hand'
    case 'approval_settings':
      return 'Change of the limits'
    case 'payout_settings':
      return 'Change of the settings of payouts'
    default:
      return plain(kind)
  }
}

const needs: Record<Approval['needs'][number], string> = {
  amount: 'The amount is over the limit.',
  daily_sum: 'The sum of the asker’s day is over the limit.',
  new_destination: 'Nothing was paid out to this account before.',
  name_difference: 'The bank does not confirm the name of the payee.',
  always: 'A thing of this kind always waits.',
}

/** Why it waits. */
export const needWords = (all: Approval['needs']): string => all.map((each) => needs[each] ?? plain(each)).join(' ')

/** Who looks: their key, and the person whose key it is. */
interface Viewer {
  id: string
  personId?: string | null
}

/** Whether whoever looks has asked for it. */
export function isAskedBy({ by }: Pick<Approval, 'by'>, { id, personId }: Viewer): boolean {
  return by.apiKeyId === id || (!!personId && by.personId === personId)
}
