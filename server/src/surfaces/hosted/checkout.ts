import type { FastifyPluginAsync } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { formatAmount } from '../../base/money.ts'
import { freshAttempt } from '../../domain/idempotency/attempt.ts'
import {
  type CheckoutSession,
  type OpenedCheckout,
  openCheckout,
  payCheckout,
} from '../../domain/payments/checkout-sessions.ts'
import { type Html, html } from '../http/html.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'
import {
  join,
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
 * `/checkout/:id`: the page on which a person pays a checkout session. Only the address is secret. Every submission is
 * answered by a redirect, so that neither refreshing nor going back sends it again. If it is sent again, a session that
 * is paid or being paid is not charged.
 */
export const checkoutPage: FastifyPluginAsync<SurfaceContext> = async (app, { context }) => {
  servePayments(app)

  app.get<{ Params: { id: string } }>('/checkout/:id', { schema: { hide: true } }, async (request, reply) => {
    const checkout = await openCheckout(context, request.params.id)
    const { session, intent } = checkout
    const { successUrl } = session
    if (session.status === 'complete') {
      return successUrl === null ? sendPaid(reply) : reply.redirect(returnAddress(session, successUrl), 303)
    }
    if (session.status === 'expired' || session.expiresAt <= context.clock.now()) {
      return sendClosed(reply, paymentOf(checkout))
    }
    if (intent.status === 'processing') return sendProcessing(reply, paymentOf(checkout))
    return sendForm(reply, paymentOf(checkout), intent.status === 'failed' ? intent.failureReason : null)
  })

  app.post<{ Params: { id: string }; Body: PaymentFields }>(
    '/checkout/:id',
    { schema: { hide: true, body: { type: 'object' } } },
    async (request, reply) => {
      const { id } = request.params
      try {
        const instrument = readInstrument(request.body, context.clock.now())
        const { session } = await payCheckout(context, { id, instrument }, freshAttempt(context))
        const { successUrl } = session
        const isPaid = session.status === 'complete' && successUrl !== null
        return reply.redirect(isPaid ? returnAddress(session, successUrl) : pathOf(session), 303)
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error
        if (error.code === 'payment_intent_not_open') return reply.redirect(`/checkout/${id}`, 303)
        if (error.code !== 'invalid_request' && error.code !== 'customer_denied') throw error
        const checkout = await openCheckout(context, id)
        return sendForm(reply.status(statusByCode[error.code]), paymentOf(checkout), error.message)
      }
    },
  )
}

function paymentOf({ tenant, session, pages }: OpenedCheckout): PayPage {
  const { amount, currency, purpose, successUrl, cancelUrl } = session
  return {
    path: pathOf(session),
    merchantName: tenant.merchant.name,
    amount,
    currency,
    purpose,
    items: lineItems(session),
    channels: null,
    pages,
    returnUrl: successUrl,
    cancelUrl,
  }
}

function pathOf({ id }: CheckoutSession): string {
  return `/checkout/${id}`
}

/** The merchant's address with the session's id added to its query. */
function returnAddress(session: CheckoutSession, address: string): string {
  const url = new URL(address)
  url.searchParams.set('session_id', session.id)
  return url.href
}

function lineItems({ lineItems, currency }: CheckoutSession): Html | string {
  if (lineItems === null || lineItems.length === 0) return ''
  const items = lineItems.map(({ name, productId, quantity = 1, amount }) => {
    const what = [name, productId, 'Item'].find((each) => typeof each === 'string' && each !== '') as string
    return html`<li>${what}, ${String(quantity)} × ${formatAmount(BigInt(Number(amount)), currency)}</li>`
  })
  return html`<ul>${join(items)}</ul>`
}
