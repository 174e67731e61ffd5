import type { FastifyPluginAsync } from 'fastify'
import { formatAmount } from '../../base/money.ts'
import { freshAttempt } from '../../domain/idempotency/attempt.ts'
import { refuseClosed } from '../../domain/merchants/tenant.ts'
import {
  answerCheckout,
  type CheckoutSession,
  findSessionTenant,
  leadToCheckout,
  type OpenedCheckout,
  openCheckout,
  payCheckout,
} from '../../domain/payments/checkout-sessions.ts'
import { type Html, html, isolated } from '../http/html.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { type OpenedPage, servePayments } from './payment.ts'

/**
 * `/checkout/:id`: the page on which a person pays a checkout session. Only the address is secret. If the form is sent
 * again, a session that is paid or being paid is not charged.
 */
export const checkoutPage: FastifyPluginAsync<SurfaceContext> = async (app, surface) => {
  const { context } = surface
  const read = (opened: OpenedCheckout): OpenedPage => ({
    ...readOpened(opened, context.clock.now()),
    lead: opened.isElsewhere ? (callbackUrl) => leadToCheckout(context, opened, callbackUrl) : null,
  })
  servePayments(app, surface, '/checkout/:id', {
    find: (id) => findSessionTenant(context, id),
    open: async (id) => read(await openCheckout(context, id)),
    pay: async (id, instrument) => read(await payCheckout(context, { id, instrument }, freshAttempt(context))),
    answer: async (id, answer) => read(await answerCheckout(context, { id, answer })),
  })
}

function readOpened({ tenant, session, intent, pages }: OpenedCheckout, now: Date): Omit<OpenedPage, 'lead'> {
  const { id, amount, currency, purpose, cancelUrl } = session
  const state = stateOf(session, intent, now)
  if (state === 'open') refuseClosed(tenant.merchant)
  return {
    payment: {
      path: `/checkout/${id}`,
      merchantName: tenant.merchant.name,
      amount,
      currency,
      purpose,
      items: lineItems(session),
      channels: session.channels,
      pages,
      returnUrl: returnAddress(session),
      cancelUrl,
    },
    state,
    failure: intent.status === 'failed' ? intent.failureReason : null,
    asks: intent.asks,
  }
}

function stateOf(session: CheckoutSession, intent: OpenedCheckout['intent'], now: Date): OpenedPage['state'] {
  if (session.status === 'complete') return 'paid'
  if (session.status === 'expired' || session.expiresAt <= now) return 'closed'
  return intent.status === 'processing' ? 'processing' : 'open'
}

/** The merchant's address with the session's id added to its query. Null if there is no address. */
function returnAddress({ id, successUrl }: CheckoutSession): string | null {
  if (successUrl === null) return null
  const url = new URL(successUrl)
  url.searchParams.set('session_id', id)
  return url.href
}

function lineItems({ lineItems, currency }: CheckoutSession): Html | string {
  if (lineItems === null || lineItems.length === 0) return ''
  const items = lineItems.map(({ name, productId, quantity = 1, amount }) => {
    const what = [name, productId, 'Item'].find((each) => typeof each === 'string' && each !== '') as string
    const price = `${quantity} × ${formatAmount(BigInt(Number(amount)), currency)}`
    return html`<li><span>${isolated(what)}</span><span class="amount">${price}</span></li>`
  })
  return html`<ul class="items">${items}</ul>`
}
