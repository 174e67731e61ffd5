import type {
  CardIssuer,
  ChargedInstrument,
  IdentifiedInstrument,
  InstrumentFacts,
  TypedCard,
} from '../payments/instruments.ts'
import type { HostedPages } from '../payments/payment-processor.ts'

export type SandboxOutcome = 'succeeded' | 'declined' | 'insufficient_funds' | 'timeout' | 'late_success'

/** Card numbers by the outcome of a charge. Every other card is declined: no real card belongs here. */
export const sandboxCards: Readonly<Record<string, SandboxOutcome>> = {
  '4084084084084081': 'succeeded',
  '4242424242424242': 'succeeded',
  '4084080000005408': 'declined',
  '4084080000670037': 'insufficient_funds',
  '4084080000060007': 'timeout',
  '4084080000040009': 'late_success',
  '4084080000671803': 'succeeded',
  '4084080000671902': 'succeeded',
  '4084080000672009': 'succeeded',
}

/** How the return of a payment ends, where it does not simply succeed. */
export type SandboxReturnOutcome = 'failed' | 'needs_attention' | 'unknown'

/** The last four digits of cards and of debited accounts whose payments are not given back as asked. */
const sandboxReturnEndings: Readonly<Record<'card' | 'account', Readonly<Record<string, SandboxReturnOutcome>>>> = {
  card: { '1803': 'failed', '1902': 'needs_attention', '2009': 'unknown' },
  account: { '4936': 'failed', '4935': 'needs_attention' },
}

/** The card that is charged where no instrument is given, and in place of an encrypted card. */
export const sandboxSuccessCard = '4084084084084081'

/**
 * The last four digits of a mobile money number or of a debited account, with the outcome. The digits are the last
 * four of the test cards. Every other number succeeds. The answer of a bank comes late.
 */
const sandboxPhoneEndings: Readonly<Record<string, SandboxOutcome>> = {
  '5408': 'declined',
  '0037': 'insufficient_funds',
  '0007': 'timeout',
  '0009': 'late_success',
}

/** Mobile money numbers of other providers' documentation, which succeed. */
export const sandboxPhones = ['+254710000000', '0551234987'] as const

/** The account of a mandate that is approved without an account. */
export const sandboxAccount = { number: '0123456789', bankCode: '058' } as const

export const sandboxBank = 'TEST BANK'

const testIssuer: CardIssuer = {
  countryCode: 'NG',
  countryName: 'Nigeria',
  cardType: 'DEBIT',
  bank: sandboxBank,
  bankId: null,
}

/** The first six digits of test cards. */
const testBins: ReadonlySet<string> = new Set(['408408', '424242', '506066', '507850'])

export const sandboxDefaultInstrument: ChargedInstrument = {
  type: 'card',
  bin: sandboxSuccessCard.slice(0, 6),
  last4: sandboxSuccessCard.slice(-4),
}

export function identifyInstrument({ type }: IdentifiedInstrument): InstrumentFacts {
  if (type === 'mobile_money') return { provider: 'mpesa', bank: null }
  return { provider: type === 'card' ? 'iveri' : 'direct_debit', bank: sandboxBank }
}

/**
 * Every ciphertext stands for the card that succeeds. A card number in place of a ciphertext stands for its own card.
 */
export function readEncryptedCard(ciphertext: string): TypedCard {
  const digits = ciphertext.replace(/[\s-]/g, '')
  const number = /^\d+$/.test(digits) ? digits : sandboxSuccessCard
  return { type: 'card', number, expiryMonth: 12, expiryYear: 2030 }
}

export function findIssuer(bin: string): CardIssuer | null {
  return testBins.has(bin) ? testIssuer : null
}

export function outcomeOf({ type, bin, last4, phone }: ChargedInstrument): SandboxOutcome | 'unknown' {
  if (type === 'card') {
    const number = Object.keys(sandboxCards).find((card) => card.slice(0, 6) === bin && card.slice(-4) === last4)
    return number === undefined ? 'unknown' : (sandboxCards[number] as SandboxOutcome)
  }
  return sandboxPhoneEndings[phone?.slice(-4) ?? last4 ?? ''] ?? 'succeeded'
}

/** Null for an instrument whose payments are given back as asked. */
export function returnOutcomeOf({ type, last4 }: ChargedInstrument): SandboxReturnOutcome | null {
  if (type === 'mobile_money') return null
  return sandboxReturnEndings[type === 'card' ? 'card' : 'account'][last4 ?? ''] ?? null
}

const returnEffects: Readonly<Record<SandboxReturnOutcome, string>> = {
  failed: 'its refund fails',
  needs_attention: 'its refund needs a bank account of the payer',
  unknown: 'nobody learns whether its refund was made',
}

function effectOf(number: string, outcome: SandboxOutcome): string {
  const returned = sandboxReturnEndings.card[number.slice(-4)]
  return returned === undefined ? effects[outcome] : `${effects[outcome]}; ${returnEffects[returned]}`
}

const effects: Readonly<Record<SandboxOutcome, string>> = {
  succeeded: 'succeeds',
  declined: 'is declined',
  insufficient_funds: 'has insufficient funds',
  timeout: 'is never answered',
  late_success: 'succeeds a moment later',
}

export const sandboxPages: HostedPages = {
  channels: ['card', 'mobile_money'],
  paymentNotice: 'This is a sandbox: no money moves, and only test cards are accepted.',
  testInstruments: {
    title: 'Test cards and numbers',
    tables: [
      {
        sentence: null,
        rows: Object.entries(sandboxCards).map(([number, outcome]) => [
          number.replace(/\d{4}(?=\d)/g, '$& '),
          effectOf(number, outcome),
        ]),
      },
      {
        sentence: `Any phone number succeeds, such as ${sandboxPhones.join(' or ')}, but for those that end in:`,
        rows: Object.entries(sandboxPhoneEndings).map(([ending, outcome]) => [`… ${ending}`, effects[outcome]]),
      },
    ],
  },
  mandateNotice: 'This is a sandbox: no bank is asked.',
  testAccount: sandboxAccount,
}
