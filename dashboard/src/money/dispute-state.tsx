import type { Mteja } from '../base/client.ts'
import { Badge } from '../parts/basics.tsx'

type State = Mteja.Dispute['state']

const words: Record<State, { words: string; tone: 'good' | 'bad' | 'warn' | '' }> = {
  open: { words: 'Waits for an answer', tone: 'warn' },
  underReview: { words: 'Answered, waits for the bank', tone: '' },
  needsAttention: { words: 'Needs a person', tone: 'warn' },
  won: { words: 'Won ✓', tone: 'good' },
  lost: { words: 'Lost ✕', tone: 'bad' },
}

export function DisputeState({ state }: { state: State }) {
  return <Badge tone={words[state].tone}>{words[state].words}</Badge>
}

export const disputeStates = Object.keys(words) as State[]
export const disputeChoices = disputeStates.map((value) => ({ value, label: words[value].words }))
