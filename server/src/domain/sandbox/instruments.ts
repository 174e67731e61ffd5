import type {
  CardIssuer,
  ChargedInstrument,
  IdentifiedInstrument,
  InstrumentFacts,
  TypedCard,
} from '../payments/instruments.ts'
import type { HostedPages } from '../payments/payment-processor.ts'
import { askingCards, type ScriptName } from './scripts.ts'

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

/** A mobile money number that succeeds at once, and one whose payer agrees on the phone first. Both are Paystack's. */
export const sandboxPhones = { atOnce: '0551234987', later: '+254710000000' } as const

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
const testBins: ReadonlySet<string> = new Set(['408408', '424242', '506066', '507850', '519260'])

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

export function outcomeOf({ type, bin, last4, phone, account }: ChargedInstrument): SandboxOutcome | 'unknown' {
  if (type === 'card') {
    const numbers = [...Object.keys(sandboxCards), ...Object.keys(askingCards)]
    const number = numbers.find((card) => card.slice(0, 6) === bin && card.slice(-4) === last4)
    // A card that asks has succeeded once its questions are answered, or where nobody is there to be asked.
    return number === undefined ? 'unknown' : (sandboxCards[number] ?? 'succeeded')
  }
  return sandboxPhoneEndings[(phone ?? account ?? last4)?.slice(-4) ?? ''] ?? 'succeeded'
}

/** Null for an instrument whose payments are given back as asked. */
export function returnOutcomeOf({ type, last4, account }: ChargedInstrument): SandboxReturnOutcome | null {
  if (type === 'mobile_money') return null
  return sandboxReturnEndings[type === 'card' ? 'card' : 'account'][(account ?? last4)?.slice(-4) ?? ''] ?? null
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

const questions: Readonly<Record<ScriptName, string>> = {
  pin: 'asks for the PIN 1111',
  pin_otp: 'asks for the PIN 1234 and the password 123456',
  pin_phone_otp: 'asks for the PIN 0000, a phone number and the password 123456',
  no_token: 'asks for the PIN 0000, and is declined',
  confirmation: 'asks whether the payer agrees',
  address: 'asks for an address',
  birthday_otp: 'asks for the birthday 2007-04-15 and the password 123456',
  wallet_otp: 'asks for the password 1234',
}

const spaced = (number: string) => number.replace(/\d{4}(?=\d)/g, '$& ')

export const sandboxPages: HostedPages = {
  channels: ['card', 'mobile_money'],
  paymentNotice: 'This is a sandbox: no money moves, and only test cards are accepted.',
  testInstruments: {
    title: 'Test cards and numbers',
    tables: [
      {
        sentence: null,
        rows: Object.entries(sandboxCards).map(([number, outcome]) => [spaced(number), effectOf(number, outcome)]),
      },
      {
        sentence: 'These cards succeed after a question:',
        rows: Object.entries(askingCards).map(([number, script]) => [spaced(number), questions[script]]),
      },
      {
        sentence: `Any phone number succeeds, such as ${sandboxPhones.atOnce}, but for these, and those that end in:`,
        rows: [
          [sandboxPhones.later, effects.late_success],
          ...Object.entries(sandboxPhoneEndings).map(([ending, outcome]) => [`… ${ending}`, effects[outcome]] as const),
        ],
      },
    ],
  },
  mandateNotice: 'This is a sandbox: no bank is asked.',
  testAccount: sandboxAccount,
}
