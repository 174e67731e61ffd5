import { createHash } from 'node:crypto'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import { type CheckoutSession, type OpenedCheckout, openCheckout, payCheckout } from '../../domain/checkout-sessions.ts'
import type { Instrument } from '../../domain/payment-methods.ts'
import { sandboxCards, sandboxPhoneEndings, sandboxPhones } from '../../domain/payment-processor.ts'
import { ServiceError } from '../../errors.ts'
import { formatAmount } from '../../money.ts'
import { refuseUnstorableAddresses } from '../http/addresses.ts'
import { readBodies } from '../http/body.ts'
import { problemOf } from '../http/problem.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'
import { type Html, html, page } from './page.ts'

type Fields = Partial<Record<'method' | 'number' | 'expiry' | 'cvv' | 'phone', unknown>>

/**
 * `/checkout/:id`: where a person pays a checkout session. The address is the only secret. Every submission is answered
 * by a redirect, so that neither refreshing nor going back sends it again; and if it is sent again, what is paid or under
 * way is not charged.
 */
export const checkoutPage: FastifyPluginAsync<SurfaceContext> = async (app, { service, ledger }) => {
  readBodies(app, 'json-or-urlencoded')
  refuseUnstorableAddresses(app)

  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (!problem.expected) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    return sendPage(reply.status(statusByCode[problem.code]), 'Payment', html`<p>${problem.message}</p>`)
  })

  app.get<{ Params: { id: string } }>('/checkout/:id', { schema: { hide: true } }, async (request, reply) => {
    const checkout = await openCheckout(service, ledger, request.params.id)
    const { session, intent } = checkout
    const { successUrl } = session
    if (session.status === 'complete') {
      if (successUrl !== null) return reply.redirect(returnAddress(session, successUrl), 303)
      return sendPage(reply, 'Paid', html`<p>Thank you. You can close this page.</p>`)
    }
    if (session.status === 'expired' || session.expiresAt <= service.clock.now()) {
      return sendPage(reply, 'Not paid', html`<p>This payment was canceled or has expired.</p>${backLink(session)}`)
    }
    if (intent.status === 'processing') return sendProcessing(reply, checkout)
    return sendForm(reply, checkout, intent.status === 'failed' ? intent.failureReason : null)
  })

  app.post<{ Params: { id: string }; Body: Fields }>(
    '/checkout/:id',
    { schema: { hide: true, body: { type: 'object' } } },
    async (request, reply) => {
      const { id } = request.params
      try {
        const { session } = await payCheckout(service, ledger, id, readInstrument(request.body, service.clock.now()))
        const { successUrl } = session
        const isPaid = session.status === 'complete' && successUrl !== null
        return reply.redirect(isPaid ? returnAddress(session, successUrl) : `/checkout/${session.id}`, 303)
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error
        if (error.code === 'payment_intent_not_open') return reply.redirect(`/checkout/${id}`, 303)
        if (error.code !== 'invalid_request' && error.code !== 'customer_denied') throw error
        const checkout = await openCheckout(service, ledger, id)
        return sendForm(reply.status(statusByCode[error.code]), checkout, error.message)
      }
    },
  )
}

/** Throws `invalid_request`. */
function readInstrument({ method, number, expiry, cvv, phone }: Fields, now: Date): Instrument {
  if (method === 'mobile_money') {
    if (typeof phone !== 'string' || phone.trim() === '' || phone.length > 40) throw unfit('Enter a phone number')
    return { type: 'mobile_money', phone, provider: undefined, accountName: undefined }
  }
  if (typeof number !== 'string' || number.length > 30) throw unfit('Enter a card number')
  const [, month, year] =
    /^\s*(\d{1,2})\s*\/?\s*(?:20)?(\d{2})\s*$/.exec(typeof expiry === 'string' ? expiry : '') ?? []
  const expiryMonth = Number(month)
  const expiryYear = 2000 + Number(year)
  if (!(expiryMonth >= 1 && expiryMonth <= 12)) throw unfit('Enter when the card expires, such as 12/30')
  if (Date.UTC(expiryYear, expiryMonth) <= now.getTime()) throw unfit('The card has expired')
  if (typeof cvv !== 'string' || !/^\d{3,4}$/.test(cvv.trim())) throw unfit('Enter the 3 or 4 digits of the CVV')
  const unknown = { brand: undefined, provider: undefined, bank: undefined, accountName: undefined }
  return { type: 'card', number, expiryMonth, expiryYear, ...unknown }
}

function unfit(message: string): ServiceError {
  return new ServiceError('invalid_request', message)
}

/** The merchant's address with the session's id added to its query. */
function returnAddress(session: CheckoutSession, address: string): string {
  const url = new URL(address)
  url.searchParams.set('session_id', session.id)
  return url.href
}

function sendProcessing(reply: FastifyReply, checkout: OpenedCheckout) {
  const body = html`
    <p class="amount">${amountOf(checkout)}</p>
    <p role="status">The payment is being processed. This page looks again every five seconds.</p>
    <p><a href="/checkout/${checkout.session.id}">Look again now</a></p>
  `
  return sendPage(reply.header('refresh', '5'), 'Processing', body)
}

function sendForm(reply: FastifyReply, checkout: OpenedCheckout, problem: string | null) {
  const { tenant, session } = checkout
  const amount = amountOf(checkout)
  const body = html`
    <p class="amount">${amount}</p>
    <p>${session.purpose === 'payin' ? 'Into your balance with' : 'To'} <strong>${tenant.merchant.name}</strong></p>
    ${lineItems(session)}
    ${problem === null ? '' : html`<p class="problem" role="alert">${problem}</p>`}
    <p class="note">This is a sandbox: no money moves, and only test cards are accepted.</p>
    <form method="post">
      <h2>Card</h2>
      <input type="hidden" name="method" value="card">
      <label>Card number <input name="number" inputmode="numeric" autocomplete="off" required maxlength="30"></label>
      <div class="pair">
        <label>Expires <input name="expiry" inputmode="numeric" autocomplete="off" required maxlength="9" placeholder="12/30"></label>
        <label>CVV <input name="cvv" inputmode="numeric" autocomplete="off" required maxlength="4" pattern="[0-9]{3,4}" placeholder="123"></label>
      </div>
      <button>Pay ${amount} by card</button>
    </form>
    <form method="post">
      <h2>Mobile money</h2>
      <input type="hidden" name="method" value="mobile_money">
      <label>Phone number <input name="phone" type="tel" autocomplete="off" required maxlength="40"></label>
      <button>Pay ${amount} by phone</button>
    </form>
    ${backLink(session)}
    ${testNumbers()}
  `
  return sendPage(reply, 'Pay', body, session.successUrl)
}

function amountOf({ session }: OpenedCheckout): string {
  return `${session.currency} ${formatAmount(session.amount, session.currency)}`
}

function lineItems({ lineItems, currency }: CheckoutSession): Html | string {
  if (lineItems === null || lineItems.length === 0) return ''
  const items = lineItems.map(({ name, productId, quantity = 1, amount }) => {
    const what = [name, productId, 'Item'].find((each) => typeof each === 'string' && each !== '') as string
    return html`<li>${what}, ${String(quantity)} × ${formatAmount(BigInt(Number(amount)), currency)}</li>`
  })
  return html`<ul>${join(items)}</ul>`
}

function backLink({ cancelUrl }: CheckoutSession): Html | string {
  return cancelUrl === null ? '' : html`<p><a href="${cancelUrl}">Cancel and go back</a></p>`
}

const outcomes = {
  succeeded: 'succeeds',
  declined: 'is declined',
  insufficient_funds: 'has insufficient funds',
  timeout: 'is never answered',
  late_success: 'succeeds a moment later',
} as const

function testNumbers(): Html {
  const row = (number: string, outcome: keyof typeof outcomes) =>
    html`<tr><td>${number}</td><td>${outcomes[outcome]}</td></tr>`
  const cards = Object.entries(sandboxCards).map(([number, outcome]) =>
    row(number.replace(/\d{4}(?=\d)/g, '$& '), outcome),
  )
  const phones = Object.entries(sandboxPhoneEndings).map(([ending, outcome]) => row(`… ${ending}`, outcome))
  return html`<details><summary>Test cards and numbers</summary>
    <table>${join(cards)}</table>
    <p>Any phone number succeeds, such as ${sandboxPhones.join(' or ')}, but for those that end in:</p>
    <table>${join(phones)}</table>
  </details>`
}

function join(parts: Html[]): Html {
  return { markup: parts.map((part) => part.markup).join('') }
}

/**
 * A page that loads and runs nothing: its own style is let in by its hash. The form may end at the merchant's address,
 * and where that redirects to: browsers hold the whole way to `form-action`, so the scheme is as narrow as it can be.
 */
function sendPage(reply: FastifyReply, title: string, body: Html, successUrl: string | null = null) {
  const markup = page(title, body)
  const styles = [...markup.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(
    ([, style = '']) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  )
  const schemes = successUrl === null ? '' : successUrl.toLowerCase().startsWith('https:') ? ' https:' : ' http: https:'
  const policy = [
    "default-src 'none'",
    `style-src ${styles.join(' ')}`,
    `form-action 'self'${schemes}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return reply
    .header('content-security-policy', policy.join('; '))
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header('x-content-type-options', 'nosniff')
    .type('text/html; charset=utf-8')
    .send(markup)
}
