import type { Mteja } from '../base/client.ts'
import { Badge } from '../parts/basics.tsx'

type NameCheck = Mteja.Payout['destination']['nameCheck']

const words: Record<NonNullable<NameCheck>['result'], { words: string; tone: 'good' | 'bad' | 'warn' }> = {
  match: { words: 'Same name ✓', tone: 'good' },
  close_match: { words: 'Nearly the same', tone: 'warn' },
  no_match: { words: 'Another name ✕', tone: 'bad' },
  no_name: { words: 'No name was given', tone: 'warn' },
  no_account: { words: 'No such account ✕', tone: 'bad' },
  unavailable: { words: 'The bank could not be asked', tone: 'warn' },
}

/** The name of the holder by the word of the bank, and how it compares with the given one. */
export function NameAtBank({ check }: { check: NameCheck }) {
  if (check === null) return 'Not asked'
  const { words: said, tone } = words[check.result]
  return (
    <>
      {check.nameAtBank} <Badge tone={tone}>{said}</Badge>
    </>
  )
}
