import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** For how long a payment belongs to the look of a server that has died. One that lives holds it for as long as the account takes. */
const heldMs = 15_000
const renewedMs = 5_000
const pollMs = 50
/** For how long another look is waited for: longer than for that of a server that has died. */
const patienceMs = 20_000

/**
 * Does a look at a payment while nobody else does one, on any server: so what an account has said is booked in the order in which it was
 * asked. Throws `busy` where another look does not end, or has taken the payment over.
 *
 * @param transactionId the ledger transaction that brought the money
 * @param look may book what it has found only right after it has called `hold`
 */
export async function lookAlone(
  context: Context,
  { merchant }: Tenant,
  transactionId: string,
  look: (hold: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { db, clock, random } = context
  const holder = uuidV7(random, clock.now())
  const until = () => new Date(clock.now().getTime() + heldMs)
  const take = () => sql`
    insert into payment_looks as k (merchant_id, transaction_id, holder, held_until)
    values (${merchant.id}, ${transactionId}, ${holder}, ${until()})
    on conflict (merchant_id, transaction_id) do update set holder = excluded.holder, held_until = excluded.held_until
      where k.held_until <= ${clock.now()}
    returning holder
  `
  for (let waitedMs = 0; (await db.query(take())).length === 0; waitedMs += pollMs) {
    if (waitedMs >= patienceMs) throw busy()
    await sleep(pollMs)
  }
  const isMine = sql`merchant_id = ${merchant.id} and transaction_id = ${transactionId} and holder = ${holder}`
  const renew = () => db.query(sql`update payment_looks set held_until = ${until()} where ${isMine} returning holder`)
  // Whether it was renewed is seen before anything is booked.
  const renewing = setInterval(() => renew().catch(() => {}), renewedMs)
  try {
    await look(async () => {
      if ((await renew()).length === 0) throw busy()
    })
  } finally {
    clearInterval(renewing)
    await db.query(sql`delete from payment_looks where ${isMine}`)
  }
}

function busy(): ServiceError {
  return new ServiceError('busy', 'The account is being asked about this payment: try again')
}
