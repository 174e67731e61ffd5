import type { Cashful } from '../base/client.ts'
import type { Session } from '../base/session.ts'

/** Throws when somebody else has changed the customer since this page read them, so that nothing of theirs is overwritten. */
export async function refuseStale({ cashful }: Session, read: Cashful.Customer): Promise<void> {
  const now = await cashful.customers.retrieve(read.id)
  if (now.updatedAt === read.updatedAt) return
  throw new Error('Somebody else has changed this customer meanwhile. Close this, look at the change, and begin again.')
}
