import type { FastifyPluginAsync } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { freshAttempt } from '../../domain/idempotency/attempt.ts'
import { type OpenedPayment, openPaymentPage, payOnPage } from '../../domain/payments/payment-pages.ts'
import { objectOf, type Payment } from '../../domain/payments/payment-records.ts'
import { html } from '../http/html.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'
import {
  type PaymentFields,
  type PayPage,
  readInstrument,
  sendClosed,
  sendForm,
  sendPaid,
  sendProcessing,
  servePayments,
} from './payment.ts'

/**
 * `/pay/:accessCode`: the page on which a customer pays a payment. As on a checkout session's page, only the address is
 * secret, and repeated submissions charge once.
 */
export const payPage: FastifyPluginAsync<SurfaceContext> = async (app, { context }) => {
  servePayments(app)

  app.get<{ Params: { accessCode: string } }>(
    '/pay/:accessCode',
    { schema: { hide: true } },
    async (request, reply) => {
      const opened = await openPaymentPage(context, request.params.accessCode)
      const { payment, intent } = opened
      if (payment.paidAt !== null) {
        const address = returnAddress(payment)
        return address === null ? sendPaid(reply) : reply.redirect(address, 303)
      }
      if (intent.status === 'canceled' || intent.expiresAt <= context.clock.now()) {
        return sendClosed(reply, paymentOf(opened))
      }
      if (intent.status === 'processing') return sendProcessing(reply, paymentOf(opened))
      return sendForm(reply, paymentOf(opened), intent.status === 'failed' ? intent.failureReason : null)
    },
  )

  app.post<{ Params: { accessCode: string }; Body: PaymentFields }>(
    '/pay/:accessCode',
    { schema: { hide: true, body: { type: 'object' } } },
    async (request, reply) => {
      const { accessCode } = request.params
      const path = `/pay/${encodeURIComponent(accessCode)}`
      try {
        const instrument = readInstrument(request.body, context.clock.now())
        const { payment } = await payOnPage(context, { accessCode, instrument }, freshAttempt(context))
        const address = payment.paidAt === null ? null : returnAddress(payment)
        return reply.redirect(address ?? path, 303)
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error
        if (error.code === 'payment_intent_not_open') return reply.redirect(path, 303)
        if (error.code !== 'invalid_request' && error.code !== 'customer_denied') throw error
        const opened = await openPaymentPage(context, accessCode)
        return sendForm(reply.status(statusByCode[error.code]), paymentOf(opened), error.message)
      }
    },
  )
}

function paymentOf({ tenant, payment, pages }: OpenedPayment): PayPage {
  const { accessCode, amount, currency, purpose, channels, reference, customer, metadata } = payment
  const cancelAction = objectOf(metadata)?.cancel_action
  return {
    path: `/pay/${accessCode}`,
    merchantName: tenant.merchant.name,
    amount,
    currency,
    purpose: purpose === 'wallet_topup' ? 'payin' : 'payment',
    items: html`<p class="note">${customer.email ?? ''}, reference ${reference}</p>`,
    channels,
    pages,
    returnUrl: returnAddress(payment),
    cancelUrl: typeof cancelAction === 'string' && isWebAddress(cancelAction) ? cancelAction : null,
  }
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
