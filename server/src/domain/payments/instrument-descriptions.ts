import { ServiceError } from '../../base/errors.ts'
import { codeOfBytes } from '../../base/ids.ts'
import type { Context } from '../context.ts'
import { parsePhoneNumber } from '../customers/phone-numbers.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Instrument, InstrumentReader, TypedCard, TypedPhone } from './instruments.ts'
import type { NewPaymentMethod } from './payment-methods.ts'
import { type ProcessorChoice, requireProcessor } from './payment-processor.ts'

/**
 * The parts of an instrument that may be stored and shown. The payment processor reads an encrypted card, so a card
 * must not be described while a transaction stands open. Throws `not_available`. Throws `invalid_request` for a number
 * that no instrument can have, and for a card that the processor cannot read.
 */
export async function describeInstrument(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  instrument: Instrument,
): Promise<NewPaymentMethod> {
  const processor = await requireProcessor(context, tenant)
  if (instrument.type === 'mobile_money') return describePhone(tenant, instrument, processor)
  const card = instrument.type === 'card' ? instrument : await processor.readEncryptedCard(instrument.ciphertext)
  if (card === null) throw new ServiceError('invalid_request', 'The encrypted card cannot be read; encrypt it again')
  const { accountName } = instrument
  const expiry = instrument.type === 'encrypted_card' ? instrument.expiry : undefined
  return describeCard(context, tenant, { ...card, ...expiry, accountName }, processor)
}

function describeCard(context: Context, tenant: Tenant, card: TypedCard, reader: InstrumentReader): NewPaymentMethod {
  const number = digitsOf(card.number)
  if (!isCardNumber(number)) {
    throw new ServiceError('invalid_request', 'number must be a card number of 12 to 19 digits', 'number')
  }
  const bin = number.slice(0, 6)
  const facts = reader.identify({ type: 'card', bin })
  return {
    type: 'card',
    provider: card.provider ?? facts.provider,
    bin,
    last4: number.slice(-4),
    expiryMonth: card.expiryMonth,
    expiryYear: card.expiryYear,
    brand: card.brand ?? brandOf(number),
    bank: card.bank ?? facts.bank,
    country: tenant.merchant.country,
    accountName: card.accountName ?? null,
    signature: `SIG_${codeOfBytes(context.vault.fingerprint(number, 'card'), 20)}`,
    reusable: true,
    active: true,
  }
}

/** Whether a text can be a card number: 12 to 19 digits with their check digit. Blanks and hyphens are ignored. */
export function isCardNumber(text: string): boolean {
  const number = digitsOf(text)
  return /^\d{12,19}$/.test(number) && passesLuhn(number)
}

function digitsOf(cardNumber: string): string {
  return cardNumber.replace(/[\s-]/g, '')
}

function describePhone(tenant: Tenant, wallet: TypedPhone, reader: InstrumentReader): NewPaymentMethod {
  const number = parsePhoneNumber(wallet.phone, tenant.merchant.country)
  if (number === null) {
    const message = `phone must be a phone number such as +27821234567, not ${JSON.stringify(wallet.phone)}`
    throw new ServiceError('invalid_request', message, 'phone')
  }
  return {
    type: 'mobile_money',
    provider: wallet.provider ?? reader.identify({ type: 'mobile_money', phone: number.e164 }).provider,
    phone: number.e164,
    last4: number.e164.slice(-4),
    country: tenant.merchant.country,
    accountName: wallet.accountName ?? null,
    reusable: false,
    active: true,
  }
}

function brandOf(number: string): string {
  if (number.startsWith('4')) return 'visa'
  if (/^(5[1-5]|2[2-7])/.test(number)) return 'mastercard'
  if (/^3[47]/.test(number)) return 'american express'
  if (/^(506|507|650)/.test(number)) return 'verve'
  return 'unknown'
}

/** The check digit every card number carries. */
function passesLuhn(number: string): boolean {
  const sum = [...number].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}
