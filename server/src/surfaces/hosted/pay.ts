import type { FastifyPluginAsync } from 'fastify'
import { freshAttempt } from '../../domain/idempotency/attempt.ts'
import { refuseClosed } from '../../domain/merchants/tenant.ts'
import {
  answerOnPage,
  findPage,
  leadToPayment,
  type OpenedPayment,
  openPaymentPage,
  payOnPage,
} from '../../domain/payments/payment-pages.ts'
import { objectOf, type Payment } from '../../domain/payments/payment-records.ts'
import { html, isolated } from '../http/html.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { type OpenedPage, servePayments } from './payment.ts'

/**
 * `/pay/:accessCode`: the page on which a customer pays a payment. As on a checkout session's page, only the address is
 * secret, and repeated submissions charge once.
 */
export const payPage: FastifyPluginAsync<SurfaceContext> = async (app, surface) => {
  const { context } = surface
  const read = (opened: OpenedPayment): OpenedPage => ({
    ...readOpened(opened, context.clock.now()),
    lead: opened.isElsewhere ? (callbackUrl) => leadToPayment(context, opened, callbackUrl) : null,
  })
  servePayments(app, surface, '/pay/:accessCode', {
    find: (accessCode) => findPage(context, accessCode),
    open: async (accessCode) => read(await openPaymentPage(context, accessCode)),
    pay: async (accessCode, instrument) =>
      read(await payOnPage(context, { accessCode, instrument }, freshAttempt(context))),
    answer: async (accessCode, answer) => read(await answerOnPage(context, { accessCode, answer })),
  })
}

function readOpened({ tenant, payment, intent, pages }: OpenedPayment, now: Date): Omit<OpenedPage, 'lead'> {
  const { accessCode, amount, currency, purpose, channels, reference, customer, metadata } = payment
  const state = stateOf(payment, intent, now)
  if (state === 'open') refuseClosed(tenant.merchant)
  const cancelAction = objectOf(metadata)?.cancel_action
  const email = customer.email === null ? '' : html`<dt>For</dt><dd>${isolated(customer.email)}</dd>`
  return {
    payment: {
      path: `/pay/${accessCode}`,
      merchantName: tenant.merchant.name,
      amount,
      currency,
      purpose: purpose === 'wallet_topup' ? 'payin' : 'payment',
      items: html`<dl>${email}<dt>Reference</dt><dd>${isolated(reference)}</dd></dl>`,
      channels,
      pages,
      returnUrl: returnAddress(payment),
      cancelUrl: typeof cancelAction === 'string' && isWebAddress(cancelAction) ? cancelAction : null,
    },
    state,
    failure: intent.status === 'failed' ? intent.failureReason : null,
    asks: intent.asks,
  }
}

function stateOf({ paidAt }: Payment, intent: OpenedPayment['intent'], now: Date): OpenedPage['state'] {
  if (paidAt !== null) return 'paid'
  if (intent.status === 'canceled' || intent.expiresAt <= now) return 'closed'
  return intent.status === 'processing' ? 'processing' : 'open'
}

/** The merchant's address with the reference in its query, twice, as Paystack adds it. Null if there is no address. */
function returnAddress({ callbackUrl, reference }: Payment): string | null {
  if (callbackUrl === null || !isWebAddress(callbackUrl)) return null
  const url = new URL(callbackUrl)
  url.searchParams.set('trxref', reference)
  url.searchParams.set('reference', reference)
  return url.href
}

function isWebAddress(text: string): boolean {
  return /^https?:/i.test(text) && URL.canParse(text)
}
