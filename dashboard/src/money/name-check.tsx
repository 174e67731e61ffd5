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

type Named = Pick<Mteja.Payout['destination'], 'accountName' | 'nameCheck'>

/** What somebody should know who lets a payout go to a name that the bank does not confirm; undefined where there is nothing. */
export function differenceWords({ accountName, nameCheck }: Named): string | undefined {
  switch (nameCheck?.result) {
    case 'no_match':
    case 'close_match':
      return `The bank says that the account belongs to ${nameCheck.nameAtBank}, and not to ${accountName}.`
    case 'no_name':
      return `The bank says that the account belongs to ${nameCheck.nameAtBank}. No name was given.`
    case 'no_account':
      return 'The bank says that there is no such account.'
    case 'unavailable':
      return 'The bank could not be asked for the name.'
    default:
      return undefined
  }
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
