import type { Mteja } from '../base/client.ts'
import { Badge } from '../parts/basics.tsx'

type Payout = Mteja.Payout
type State = Payout['state']

const words: Record<State, { words: string; tone: 'good' | 'bad' | 'warn' | '' }> = {
  awaiting_approval: { words: 'Waits for approval', tone: 'warn' },
  pending: { words: 'Not sent yet', tone: '' },
  sending: { words: 'Sending', tone: '' },
  sent: { words: 'At the processor', tone: '' },
  paid: { words: 'Paid ✓', tone: 'good' },
  failed: { words: 'Failed ✕', tone: 'bad' },
  returned: { words: 'Came back ✕', tone: 'bad' },
  cancelled: { words: 'Cancelled', tone: '' },
  denied: { words: 'Denied ✕', tone: 'bad' },
}

/** Where a payout stands, in words. */
export function PayoutState({ payout }: { payout: Pick<Payout, 'state' | 'needsAttention'> }) {
  const { words: said, tone } = words[payout.state]
  return (
    <>
      <Badge tone={tone}>{said}</Badge> {payout.needsAttention !== null && <Badge tone="warn">Needs you</Badge>}
    </>
  )
}

export const payoutStates = Object.keys(words) as State[]
export const payoutChoices = payoutStates.map((value) => ({ value, label: words[value].words.replace(/ [✓✕]$/, '') }))

/** The state that an event tells of, in words. */
export function toldState(type: string): string {
  const name = type.replace(/^payout\./, '')
  if (name === 'needs_attention') return 'Needs a person'
  const state = name === 'completed' ? 'paid' : name
  return words[state as State]?.words ?? name
}

type Destination = Pick<Payout['destination'], 'accountNumber' | 'bankCode' | 'phoneNumber' | 'provider'>

/** Where the money goes: the number is masked, as on a statement of a bank. */
export function destinationWords(destination: Destination, banks: ReadonlyMap<string, string> | undefined): string {
  const { bankCode, provider } = destination
  const code = bankCode ?? provider
  const place = code === null ? undefined : (banks?.get(code) ?? code)
  const number = numberOf(destination)
  return [place, number === null ? 'number erased' : masked(number)].filter(Boolean).join(' ')
}

/** The whole number, of a bank account or a mobile wallet; null once it was erased. */
export const numberOf = ({
  accountNumber,
  phoneNumber,
}: Pick<Destination, 'accountNumber' | 'phoneNumber'>): string | null => accountNumber ?? phoneNumber

export const masked = (number: string): string => `••${number.slice(-4)}`

/** What a person does about a payout that needs one, by the word of the reason. */
const remedies: Readonly<Record<string, string>> = {
  otp: 'Give the one-time password at the processor. To be asked no more, turn one-time passwords off there.',
  unauthorized: 'The account refuses the key. Give the right one under Money, Settings, Processors.',
  short_of_funds: 'Put money into the account at the processor. The payout goes on by itself.',
  unknown: 'Look for it at the processor by its name there. The money stays reserved; do not pay it in another way.',
  lost: 'Look for it at the processor by its name there. The money stays reserved; do not pay it in another way.',
  disagrees: 'The processor has something else under this name. Look at both, and ask the processor.',
  undecided:
    'Ask at the processor. If it can say how it ended, settle it by hand; the money stays reserved until then.',
  late: 'It was paid after its money was released. If it was paid again, claim one of the two back.',
  contradicted: 'Look at the processor which of the two is true. If it is what the account says now, have it booked.',
  failing:
    'Whoever runs this service finds the fault in its log. The money stays reserved, and the payout goes on once it is mended.',
  fee: 'The processor tells a fee beyond reason, and it is not booked. Ask the processor.',
}

export const remedyOf = (code: string): string =>
  remedies[code] ?? 'Look at it at the processor, and then at its state here.'
