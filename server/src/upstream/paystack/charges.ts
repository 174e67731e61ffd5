import type { Currency } from '../../base/money.ts'
import type { Ask } from './ask.ts'
import { begin, type Call, type Outcome } from './outcomes.ts'
import {
  type Members,
  optionalDate,
  optionalMembers,
  optionalText,
  optionalWords,
  readMembers,
  readText,
  renderAmount,
  Unreadable,
} from './reading.ts'
import { markMetadata } from './references.ts'
import { type NewTransaction, readAddress, readOwn } from './transactions.ts'

/** Mobile money operators by the names that the account knows them by. */
export const mobileMoneyProviders = ['mtn', 'atl', 'vod', 'mpesa', 'orange', 'wave', 'mpesa_offline', 'mptill'] as const
export type MobileMoneyProvider = (typeof mobileMoneyProviders)[number]

/** Cards are not among them: their numbers are typed in on the account's own page. */
export type ChargeInstrument =
  | { type: 'mobile_money'; phone: string; provider: MobileMoneyProvider }
  /** An account is opened to which the payer transfers the amount. Null for the account's own time. */
  | { type: 'bank_transfer'; expiresAt: Date | null }

/** Where a charge stands, and what the payer has to do. It only leads to a question: a payment is believed when it is verified. */
export interface ChargeStep {
  reference: string
  /** `send_otp`, `pay_offline`, `pending_bank_transfer`, `open_url`, `success`, `failed` and others. */
  status: string
  /** A sentence for the payer. */
  text: string | null
  /** The page on which the payer confirms. */
  url: string | null
  ussdCode: string | null
  /** The country of the address that is asked for, ISO 3166 alpha-2. */
  countryCode: string | null
  /** The account to which the payer transfers the money. */
  account: { number: string; name: string; bank: Bank; expiresAt: Date | null } | null
}

interface Bank {
  slug: string | null
  name: string
}

/** `POST /charge`. */
export function createCharge(
  ask: Ask,
  { instrument, ...wanted }: Omit<NewTransaction, 'callbackUrl'> & { instrument: ChargeInstrument },
): Promise<Outcome<ChargeStep>> {
  const { reference, marker, email, amount, currency, metadata } = wanted
  const body = {
    email,
    amount: renderAmount(amount, currency),
    currency: currency satisfies Currency,
    reference,
    metadata: markMetadata(marker, metadata),
    ...renderInstrument(instrument),
  }
  return take(ask, 'charge', { operation: 'create_charge', path: '/charge', body }, reference)
}

/** What a payer gives for the next step of a charge. A PIN never passes through this service. */
export type StepGiven =
  | { step: 'otp'; otp: string }
  | { step: 'phone'; phone: string }
  /** `YYYY-MM-DD` */
  | { step: 'birthday'; birthday: string }
  | { step: 'address'; address: string; city: string; state: string; zip_code: string }

/** `POST /charge/submit_…`. Refused where no charge of this reference waits. */
export function submitStep(ask: Ask, reference: string, { step, ...given }: StepGiven): Promise<Outcome<ChargeStep>> {
  const question = { operation: `submit_${step}`, path: `/charge/submit_${step}`, body: { ...given, reference } }
  return take(ask, 'submit_step', question, reference)
}

function take(
  ask: Ask,
  call: Call,
  question: { operation: string; path: string; body: object },
  reference: string,
): Promise<Outcome<ChargeStep>> {
  return begin(ask, call, { ...question, method: 'POST' }, (data) => readStep(readMembers(data), reference))
}

function renderInstrument(instrument: ChargeInstrument): Members {
  if (instrument.type === 'bank_transfer') {
    return { bank_transfer: { account_expires_at: instrument.expiresAt?.toISOString() ?? null } }
  }
  const { phone, provider } = instrument
  return { mobile_money: { phone, provider } }
}

function readStep(members: Members, reference: string): ChargeStep {
  const status = readText(members, 'status')
  return {
    reference: readOwn(members, reference),
    status,
    text:
      optionalWords(members, 'display_text') ??
      optionalWords(members, 'message') ??
      optionalWords(members, 'gateway_response'),
    url: status === 'open_url' ? readAddress(members, 'url') : null,
    ussdCode: optionalText(members, 'ussd_code'),
    countryCode: optionalText(members, 'country_code'),
    account: status === 'pending_bank_transfer' ? readAccount(members) : null,
  }
}

/** A payer who is told half an account sends the money astray. */
function readAccount(members: Members): ChargeStep['account'] {
  const bank = optionalMembers(members, 'bank')
  if (bank === null) throw new Unreadable('bank')
  return {
    number: readText(members, 'account_number'),
    name: readText(members, 'account_name'),
    bank: { slug: optionalText(bank, 'slug'), name: readText(bank, 'name') },
    expiresAt: optionalDate(members, 'account_expires_at'),
  }
}
