import { PayoutList } from '../money/payout-list.tsx'

/** What was paid out of this customer's balance, and what is on its way. */
export function CustomerPayouts({ id }: { id: string }) {
  return <PayoutList customerId={id} />
}
