import type { Context } from '../domain/context.ts'
import { latestTransactionAt } from '../domain/ledger/latest.ts'

/** Clocks of several servers differ by less. */
const toleratedMs = 5_000
const lookEveryMs = 60_000

/**
 * Watches for a clock that is behind the newest transaction of the ledger. The ledger never dates a transaction before an
 * older one, so it goes on with the old date until the clock has caught up, and statements of today miss those transactions.
 *
 * @returns the sentence for the operator while the clock is behind, else null. It looks once a minute at most, and logs when
 * the clock has fallen behind
 */
export function watchClock(context: Context): () => Promise<string | null> {
  let lookAt = Number.NEGATIVE_INFINITY
  let latest: Date | null = null
  let said: string | null = null
  return async () => {
    if (performance.now() >= lookAt) {
      // A database that does not answer is what /readyz tells by itself.
      latest = await latestTransactionAt(context).catch(() => latest)
      lookAt = performance.now() + lookEveryMs
    }
    const isBehind = latest !== null && latest.getTime() - context.clock.now().getTime() > toleratedMs
    const sentence = isBehind ? clockBehind(latest as Date) : null
    if (sentence !== null && said === null) context.log.warn({ latest }, sentence)
    said = sentence
    return sentence
  }
}

function clockBehind(latest: Date): string {
  return `The clock of this machine is behind the newest ledger transaction, of ${latest.toISOString()}. Correct the clock. Until then new transactions have that date.`
}
