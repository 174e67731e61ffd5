import type { ChargeStep } from '../../domain/payments/charge-steps.ts'
import { type Payment, snapshotPayment } from '../../domain/payments/payment-records.ts'
import { renderTransaction } from './render-transaction.ts'

/** A charge that waits for its payer, in the short form; any other charge as a transaction. */
export function renderCharge(payment: Payment, pageOf: (accessCode: string) => string) {
  const { asks, reference, accessCode } = payment
  if (asks === null) return renderTransaction(snapshotPayment(payment))
  return { reference, ...renderStep(asks, accessCode === null ? null : pageOf(accessCode)) }
}

/** The answer to a step that ended a charge, or that comes after its end. It is sent with the status 400. */
export function renderDeadCharge({ reference, failureReason }: Payment) {
  const data = { reference, status: 'failed', message: failureReason ?? 'Declined' }
  return { status: false as const, message: 'Charge attempted', data }
}

function renderStep(step: ChargeStep, page: string | null) {
  switch (step.kind) {
    case 'pin':
      return { status: 'send_pin' as const }
    case 'otp':
    case 'phone':
    case 'birthday':
      return { status: `send_${step.kind}` as const, display_text: step.text }
    case 'address':
      return { status: 'send_address' as const, display_text: step.text, country_code: step.countryCode }
    case 'confirmation':
      return { status: 'open_url' as const, ...(page === null ? {} : { url: page }) }
    case 'page':
      return { status: 'open_url' as const, url: step.url }
    case 'offline':
      return {
        status: 'pay_offline' as const,
        display_text: step.text,
        ...(step.ussdCode === undefined ? {} : { ussd_code: step.ussdCode }),
        ...(step.till === undefined
          ? {}
          : { account_number: step.till.account, account_reference: Number(step.till.reference) }),
      }
    case 'transfer': {
      const { number, name, bank, expiresAt } = step.account
      return {
        status: 'pending_bank_transfer' as const,
        display_text: step.text,
        account_name: name,
        account_number: number,
        bank,
        account_expires_at: expiresAt,
      }
    }
  }
}
