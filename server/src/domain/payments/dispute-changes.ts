import { type Context, noteChange } from '../context.ts'
import type { Dispute } from './dispute-records.ts'

/** Notes for the trail what an answer has made of a dispute, and answers it. */
export function noteDispute(noting: Pick<Context, 'changes'>, before: Dispute, after: Dispute): Dispute {
  const shown = ({ state, resolution, amount }: Dispute) => ({ state, resolution, amount: String(amount) })
  const [was, is] = [shown(before), shown(after)]
  if (JSON.stringify(was) !== JSON.stringify(is)) noteChange(noting, { object: after.id, before: was, after: is })
  return after
}

/** Notes that a dispute has evidence. The trail is kept for good, so it has none of its words. */
export function noteEvidence(noting: Pick<Context, 'changes'>, before: Dispute, after: Dispute): Dispute {
  const shown = ({ evidence }: Dispute) => ({ hasEvidence: evidence !== null })
  noteChange(noting, { object: after.id, before: shown(before), after: shown(after) })
  return after
}
