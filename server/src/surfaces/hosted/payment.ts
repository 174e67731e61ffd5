import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { type Currency, formatAmount } from '../../base/money.ts'
import type { TypedCard, TypedPhone } from '../../domain/payments/instruments.ts'
import type { HostedPages, TestInstruments } from '../../domain/payments/payment-processor.ts'
import { refuseUnstorableAddresses } from '../http/addresses.ts'
import { readBodies } from '../http/body.ts'
import { type Html, html, htmlPage } from '../http/html.ts'
import { problemOf } from '../http/problem.ts'
import { statusByCode } from '../mteja/errors.ts'

/** The content that all pages for paying share. */
export interface PayPage {
  /** The path of the page itself. */
  path: string
  merchantName: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** `payin` fills the customer's balance, `payment` pays the merchant. */
  purpose: 'payment' | 'payin'
  /** The items that are paid for, as the page shows them. */
  items: Html | string
  /** The channels by which the payment can be made; null for all channels that the processor's pages offer. */
  channels: readonly string[] | null
  pages: HostedPages
  /** The address to go to after paying, and for giving up. */
  returnUrl: string | null
  cancelUrl: string | null
}

export type PaymentFields = Partial<Record<'method' | 'number' | 'expiry' | 'cvv' | 'phone', unknown>>

/** Reads forms as browsers send them, and shows refusals on a page. */
export function servePayments(app: FastifyInstance): void {
  readBodies(app, 'json-or-urlencoded')
  refuseUnstorableAddresses(app)
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (!problem.expected) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    return sendPage(reply.status(statusByCode[problem.code]), 'Payment', html`<p>${problem.message}</p>`)
  })
}

/** Throws `invalid_request`. */
export function readInstrument(
  { method, number, expiry, cvv, phone }: PaymentFields,
  now: Date,
): TypedCard | TypedPhone {
  if (method === 'mobile_money') {
    if (typeof phone !== 'string' || phone.trim() === '' || phone.length > 40) throw unfit('Enter a phone number')
    return { type: 'mobile_money', phone }
  }
  if (typeof number !== 'string' || number.length > 30) throw unfit('Enter a card number')
  const [, month, year] =
    /^\s*(\d{1,2})\s*\/?\s*(?:20)?(\d{2})\s*$/.exec(typeof expiry === 'string' ? expiry : '') ?? []
  const expiryMonth = Number(month)
  const expiryYear = 2000 + Number(year)
  if (!(expiryMonth >= 1 && expiryMonth <= 12)) throw unfit('Enter when the card expires, such as 12/30')
  if (Date.UTC(expiryYear, expiryMonth) <= now.getTime()) throw unfit('The card has expired')
  if (typeof cvv !== 'string' || !/^\d{3,4}$/.test(cvv.trim())) throw unfit('Enter the 3 or 4 digits of the CVV')
  return { type: 'card', number, expiryMonth, expiryYear }
}

function unfit(message: string): ServiceError {
  return new ServiceError('invalid_request', message)
}

export function sendPaid(reply: FastifyReply) {
  return sendPage(reply, 'Paid', html`<p>Thank you. You can close this page.</p>`)
}

export function sendClosed(reply: FastifyReply, payment: PayPage) {
  return sendPage(reply, 'Not paid', html`<p>This payment was canceled or has expired.</p>${backLink(payment)}`)
}

export function sendProcessing(reply: FastifyReply, payment: PayPage) {
  const body = html`
    <p class="amount">${amountOf(payment)}</p>
    <p role="status">The payment is being processed. This page looks again every five seconds.</p>
    <p><a href="${payment.path}">Look again now</a></p>
  `
  return sendPage(reply.header('refresh', '5'), 'Processing', body)
}

export function sendForm(reply: FastifyReply, payment: PayPage, problem: string | null) {
  const amount = amountOf(payment)
  const { pages } = payment
  const offered = payment.channels ?? pages.channels
  const body = html`
    <p class="amount">${amount}</p>
    <p>${payment.purpose === 'payin' ? 'Into your balance with' : 'To'} <strong>${payment.merchantName}</strong></p>
    ${payment.items}
    ${problem === null ? '' : html`<p class="problem" role="alert">${problem}</p>`}
    ${pages.paymentNotice === null ? '' : html`<p class="note">${pages.paymentNotice}</p>`}
    ${offered.includes('card') ? cardForm(amount) : ''}
    ${offered.includes('mobile_money') ? phoneForm(amount) : ''}
    ${backLink(payment)}
    ${pages.testInstruments === null ? '' : testNumbers(pages.testInstruments)}
  `
  return sendPage(reply, 'Pay', body, payment.returnUrl)
}

function cardForm(amount: string): Html {
  return html`<form method="post">
      <h2>Card</h2>
      <input type="hidden" name="method" value="card">
      <label>Card number <input name="number" inputmode="numeric" autocomplete="off" required maxlength="30"></label>
      <div class="pair">
        <label>Expires <input name="expiry" inputmode="numeric" autocomplete="off" required maxlength="9" placeholder="12/30"></label>
        <label>CVV <input name="cvv" inputmode="numeric" autocomplete="off" required maxlength="4" pattern="[0-9]{3,4}" placeholder="123"></label>
      </div>
      <button>Pay ${amount} by card</button>
    </form>`
}

function phoneForm(amount: string): Html {
  return html`<form method="post">
      <h2>Mobile money</h2>
      <input type="hidden" name="method" value="mobile_money">
      <label>Phone number <input name="phone" type="tel" autocomplete="off" required maxlength="40"></label>
      <button>Pay ${amount} by phone</button>
    </form>`
}

function amountOf({ amount, currency }: PayPage): string {
  return `${currency} ${formatAmount(amount, currency)}`
}

function backLink({ cancelUrl }: PayPage): Html | string {
  return cancelUrl === null ? '' : html`<p><a href="${cancelUrl}">Cancel and go back</a></p>`
}

function testNumbers({ title, tables }: TestInstruments): Html {
  const parts = tables.map(
    ({ sentence, rows }) => html`
    ${sentence === null ? '' : html`<p>${sentence}</p>`}
    <table>${join(rows.map(([number, effect]) => html`<tr><td>${number}</td><td>${effect}</td></tr>`))}</table>`,
  )
  return html`<details><summary>${title}</summary>${join(parts)}
  </details>`
}

export function join(parts: Html[]): Html {
  return { markup: parts.map((part) => part.markup).join('') }
}

/**
 * A page that loads and runs nothing. Only its own style is allowed, by its hash. A form may lead to the merchant's
 * address and on to its redirects. Browsers check every redirect against `form-action`, so its scheme is as narrow as
 * possible.
 */
function sendPage(reply: FastifyReply, title: string, body: Html, returnUrl: string | null = null) {
  const markup = htmlPage(title, body)
  const styles = [...markup.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(
    ([, style = '']) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  )
  const schemes = returnUrl === null ? '' : returnUrl.toLowerCase().startsWith('https:') ? ' https:' : ' http: https:'
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
