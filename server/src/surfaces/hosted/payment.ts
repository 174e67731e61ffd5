import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { type Currency, formatMoney } from '../../base/money.ts'
import type { ChargeStep, StepAnswer } from '../../domain/payments/charge-steps.ts'
import { isCardNumber } from '../../domain/payments/instrument-descriptions.ts'
import type { TypedCard, TypedPhone } from '../../domain/payments/instruments.ts'
import type { HostedPages, PageChannel, TestInstruments } from '../../domain/payments/payment-processor.ts'
import { type Html, html, isolated } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import type { Problem } from '../http/problem.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'
import { type Faults, readText, type Sent, textField } from './form.ts'
import { codeOf, servePages } from './serve-pages.ts'
import { isAnswer, isQuestion, readAnswer, type StepField, stepForm } from './step.ts'

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
  /** The things that are paid for, as the page shows them. */
  items: Html | string
  /** The channels by which the payment can be made; null for all channels that the processor's pages offer. */
  channels: readonly string[] | null
  pages: HostedPages
  /** The address to go to after paying, and for giving up. */
  returnUrl: string | null
  cancelUrl: string | null
}

/** A page for paying as it is now. */
export interface OpenedPage {
  payment: PayPage
  state: 'open' | 'processing' | 'paid' | 'closed'
  /**
   * The address of the processor's page on which it is paid, and which sends the payer back to `callbackUrl`. Null where it is
   * paid here.
   */
  lead: ((callbackUrl: string) => Promise<string | null>) | null
  /** The reason why the last charge failed, without a full stop; null if none failed. */
  failure: string | null
  /** The payer's next step in a charge under way. */
  asks: ChargeStep | null
}

/** The things that a page for paying does. `code` is the secret part of its address. */
export interface PagesOfPayments {
  /** Throws the refusal of a code that names nothing. */
  find(code: string): Promise<unknown>
  open(code: string): Promise<OpenedPage>
  pay(code: string, instrument: TypedCard | TypedPhone): Promise<OpenedPage>
  answer(code: string, answer: StepAnswer): Promise<OpenedPage>
}

type FieldName = 'number' | 'expiry' | 'cvv' | 'phone'

type Fields = Partial<Record<'method' | 'agrees' | FieldName | StepField, unknown>>

/** Why a payment was not made. */
interface Unpaid {
  /** A sentence for the payer; null if the fields at fault say it all. */
  reason: string | null
  form: Sent<FieldName>
}

/**
 * A page on which a person pays. A charge is answered by a redirect, so that neither refreshing nor going back sends the form
 * again. A declined charge is answered by the form with the typed texts: to send it again is to try again, and a payment is
 * paid once however often it is tried.
 */
export function servePayments(
  app: FastifyInstance,
  surface: SurfaceContext,
  url: '/pay/:accessCode' | '/checkout/:id',
  { find, open, pay, answer }: PagesOfPayments,
): void {
  const { clock } = surface.context
  const prefix = url === '/pay/:accessCode' ? '/pay' : '/checkout'
  servePages(app, surface, { prefix, title: 'Payment', find, sentenceFor: describeProblem })

  app.get(url, { schema: { hide: true } }, async (request, reply) => {
    const opened = await open(codeOf(request))
    const { payment, state, lead } = opened
    if (state !== 'open' || lead === null) return sendState(reply, opened, typedBefore(request))
    // Whoever comes back from the processor's page has paid there, or waits for it: another look, and not the page again.
    if (cameBack(request)) return sendProcessing(reply, payment)
    const address = await lead(`${surface.publicUrl()}${payment.path}`)
    return address === null ? sendState(reply, opened, typedBefore(request)) : reply.redirect(address, 303)
  })

  app.post<{ Body: Fields }>(url, { schema: { hide: true, body: { type: 'object' } } }, async (request, reply) => {
    const { body } = request
    const sendAgain = async (status: number, unpaidOn: (payment: PayPage) => Unpaid) => {
      const { payment, state, lead } = await open(codeOf(request))
      // No number is taken here where the processor has a page for it.
      if (state !== 'open' || lead !== null) return reply.redirect(payment.path, 303)
      return sendForm(reply.status(status), payment, unpaidOn(payment))
    }
    if (body.method === 'step') return takeStep(reply, codeOf(request), body)
    const instrument = readInstrument(body, clock.now())
    if (!isInstrument(instrument)) {
      return sendAgain(400, (payment) =>
        offeredBy(payment).includes(methodOf(body)) ? unpaidBy(body, instrument) : unpaidBy(body, {}, otherWay),
      )
    }
    try {
      const { payment, state, failure } = await pay(codeOf(request), instrument)
      if (state === 'open' && failure !== null) {
        return sendForm(reply.status(statusByCode.payment_declined), payment, unpaidBy(body, {}, tryAgain(failure)))
      }
      if (state === 'processing' && instrument.type === 'mobile_money') keepTyped(reply, payment, instrument.phone)
      return reply.redirect(state === 'paid' ? (payment.returnUrl ?? payment.path) : payment.path, 303)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      if (error.code === 'payment_intent_not_open') {
        return reply.redirect((await open(codeOf(request))).payment.path, 303)
      }
      if (error.code !== 'invalid_request' && error.code !== 'customer_denied') throw error
      return sendAgain(statusByCode[error.code], ({ merchantName }) => unpaidAfter(error, body, merchantName))
    }
  })

  async function takeStep(reply: FastifyReply, code: string, fields: Fields) {
    const { payment, state, asks } = await open(code)
    const given = state === 'processing' && asks !== null ? readAnswer(asks.kind, fields) : null
    if (given === null || asks === null) return reply.redirect(payment.path, 303)
    if (!isAnswer(given)) return sendStep(reply.status(400), payment, asks, given)
    try {
      await answer(code, given)
    } catch (error) {
      // Somebody else has taken the step: the page shows the next one.
      if (!(error instanceof ServiceError && error.code === 'invalid_request')) throw error
    }
    return reply.redirect(payment.path, 303)
  }
}

function sendState(reply: FastifyReply, { payment, state, failure, asks }: OpenedPage, typed: Fields) {
  if (state === 'paid')
    return payment.returnUrl === null ? sendPaid(reply, payment) : reply.redirect(payment.returnUrl, 303)
  if (state === 'closed') return sendClosed(reply, payment)
  if (state === 'processing') return asks === null ? sendProcessing(reply, payment) : sendStep(reply, payment, asks)
  return sendForm(reply, payment, failure === null ? null : unpaidBy(typed, {}, tryAgain(failure)))
}

/** The processor adds the payment's name to the address to which it sends a payer back. */
function cameBack({ query }: FastifyRequest): boolean {
  return (query as Record<string, unknown>).trxref !== undefined
}

const typedCookie = 'mteja_phone'
const typedMaxAgeSeconds = 600

/**
 * A decline that comes later is shown by a page that was not sent with the form. The phone number is kept by the payer's own
 * browser, for this page alone: nobody else who opens the page sees it.
 */
function keepTyped(reply: FastifyReply, { path }: PayPage, phone: string): void {
  const value = `${typedCookie}=${encodeURIComponent(phone)}`
  reply.header('set-cookie', `${value}; Path=${path}; Max-Age=${typedMaxAgeSeconds}; HttpOnly; SameSite=Lax`)
}

/** The phone number in the cookie of the payer's browser. A cookie that cannot be decoded was not set by this page. */
function typedBefore({ headers }: FastifyRequest): Fields {
  const [, value = ''] = new RegExp(`(?:^|; )${typedCookie}=([^;]*)`).exec(headers.cookie ?? '') ?? []
  try {
    return { phone: decodeURIComponent(value) }
  } catch {
    return {}
  }
}

/** A processor speaks of the issuer of a card. For its payer that is the bank. */
function tryAgain(failure: string): string {
  return `${failure.replace(/\b(?:the|your|its) (?:card )?issuer\b/gi, 'your bank')}. Try again, or pay in another way.`
}

const otherWay = 'This payment cannot be made in that way. Use one of the ways below.'

/** The channels that the page has a form for. */
function offeredBy({ channels, pages }: PayPage): readonly PageChannel[] {
  return pages.channels.filter((channel) => channels === null || channels.includes(channel))
}

function methodOf({ method }: Fields): PageChannel {
  return method === 'mobile_money' ? 'mobile_money' : 'card'
}

/** The outcome of a charge is unknown after a fault, so the payer is told to look before paying again. */
function describeProblem({ code, message, expected }: Problem, method: string): string {
  if (statusByCode[code] === 404) return 'There is no payment at this address. Check the link, or ask for a new one.'
  if (code === 'not_available' || code === 'merchant_closed') return 'Payments cannot be made here now.'
  if (expected && code !== 'busy') return message
  return method === 'POST'
    ? 'Something went wrong, and we do not know yet whether you have paid. Look again before you pay again.'
    : 'Something went wrong on our side. Look again in a moment.'
}

/** The instrument that the payer typed, or the faults of the fields. */
function readInstrument(fields: Fields, now: Date): TypedCard | TypedPhone | Faults<FieldName> {
  if (methodOf(fields) === 'mobile_money') {
    const phone = readText(fields.phone)
    return phone === '' ? { phone: phoneFault } : { type: 'mobile_money', phone }
  }
  return readCard(readText(fields.number), readText(fields.expiry), readText(fields.cvv), now)
}

const numberFault = 'Check the card number. It has 12 to 19 digits, and one of them is missing or wrong.'
const phoneFault = 'Enter a whole phone number, such as +27 82 123 4567.'

function readCard(number: string, expiry: string, cvv: string, now: Date): TypedCard | Faults<FieldName> {
  const [, month, year] = /^(\d{1,2})\s*\/?\s*(?:20)?(\d{2})$/.exec(expiry) ?? []
  const expiryMonth = Number(month)
  const expiryYear = 2000 + Number(year)
  const faults: Faults<FieldName> = {}
  if (number === '') faults.number = 'Enter the card number.'
  else if (!isCardNumber(number)) faults.number = numberFault
  if (!(expiryMonth >= 1 && expiryMonth <= 12)) {
    faults.expiry = 'Enter when the card expires: month and year, such as 12/30.'
  } else if (Date.UTC(expiryYear, expiryMonth) <= now.getTime()) {
    faults.expiry = 'This card has expired. Use another card.'
  }
  if (!/^\d{3,4}$/.test(cvv)) faults.cvv = 'Enter the 3 or 4 digits of the security code (CVV).'
  return Object.keys(faults).length > 0 ? faults : { type: 'card', number, expiryMonth, expiryYear }
}

function isInstrument(read: TypedCard | TypedPhone | Faults<FieldName>): read is TypedCard | TypedPhone {
  return 'type' in read
}

const maxExpiryLength = 9

/**
 * What a form that was sent is shown with again. A card number and a security code are never put back into a page, whatever
 * field they were typed into: what is not in the page cannot be read from a screen, a stored page or a log. The browser
 * checks the form of both before it sends them.
 */
function unpaidBy(fields: Fields, faults: Faults<FieldName>, reason: string | null = null): Unpaid {
  const [expiry, phone] = [readText(fields.expiry), readText(fields.phone)]
  const values = {
    expiry: expiry.length > maxExpiryLength ? '' : expiry,
    phone: isCardNumber(phone) ? '' : phone,
  }
  return { reason, form: { values, faults } }
}

/** A refusal of the domain, told to the payer. */
function unpaidAfter({ code, field }: ServiceError, fields: Fields, merchantName: string): Unpaid {
  if (code === 'customer_denied') {
    return unpaidBy(fields, {}, `${merchantName} cannot take this payment from you. Ask ${merchantName} about it.`)
  }
  if (field === 'phone') return unpaidBy(fields, { phone: phoneFault })
  if (field === 'number') return unpaidBy(fields, { number: numberFault })
  return unpaidBy(fields, {}, otherWay)
}

function sendPaid(reply: FastifyReply, payment: PayPage) {
  const body = html`
<h1 class="done">Paid <span class="amount">${moneyOf(payment)}</span></h1>
<p>${toWhom(payment)}</p>
${payment.items}
<p>Thank you. You can close this page.</p>`
  return sendPage(reply, { title: `Paid: ${payment.merchantName}`, notice: payment.pages.paymentNotice, body })
}

function sendClosed(reply: FastifyReply, payment: PayPage) {
  const body = html`
<h1>Not paid <span class="amount">${moneyOf(payment)}</span></h1>
<p>${toWhom(payment)}</p>
<p>This payment was canceled or has expired. Ask ${isolated(payment.merchantName)} for a new one.</p>
${backLink(payment)}`
  return sendPage(reply, { title: `Not paid: ${payment.merchantName}`, notice: payment.pages.paymentNotice, body })
}

function sendProcessing(reply: FastifyReply, payment: PayPage) {
  const body = html`
<h1>Paying <span class="amount">${moneyOf(payment)}</span></h1>
<p>${toWhom(payment)}</p>
${payment.items}
<p role="status">The payment is being processed. This page looks again every five seconds.</p>
<p><a class="button second" href="${payment.path}">Look again now</a></p>`
  const page = { title: `Paying ${payment.merchantName}`, notice: payment.pages.paymentNotice, body }
  return sendPage(reply.header('refresh', '5'), page)
}

function sendStep(reply: FastifyReply, payment: PayPage, step: ChargeStep, faults: Faults<StepField> = {}) {
  const body = html`
<h1>Paying <span class="amount">${moneyOf(payment)}</span></h1>
<p>${toWhom(payment)}</p>
${payment.items}
${Object.keys(faults).length === 0 ? '' : html`<p class="problem" role="alert">Not paid yet. Check what you have typed.</p>`}
${stepForm(step, faults)}
${isQuestion(step) ? '' : html`<p><a class="button second" href="${payment.path}">Look again now</a></p>`}`
  const page = { title: `Paying ${payment.merchantName}`, notice: payment.pages.paymentNotice, body }
  return sendPage(isQuestion(step) ? reply : reply.header('refresh', '5'), page)
}

/** `unpaid` is null for a page that is opened for the first time. */
function sendForm(reply: FastifyReply, payment: PayPage, unpaid: Unpaid | null) {
  const { pages, merchantName } = payment
  const offered = offeredBy(payment)
  const form = unpaid?.form ?? { values: {}, faults: {} }
  const body = html`
<h1>Pay <span class="amount">${moneyOf(payment)}</span></h1>
<p>${toWhom(payment)}</p>
${payment.items}
${unpaid === null ? '' : alertOf(unpaid)}
${offered.includes('card') ? cardForm(payment, form) : ''}
${offered.includes('mobile_money') ? phoneForm(payment, form) : ''}
${offered.length > 0 ? '' : html`<p>This payment cannot be made on this page. Ask ${isolated(merchantName)} about it.</p>`}
${backLink(payment)}
${pages.testInstruments === null ? '' : testNumbers(pages.testInstruments)}`
  return sendPage(reply, {
    title: `${unpaid === null ? '' : 'Not paid yet: '}Pay ${merchantName}`,
    notice: pages.paymentNotice,
    body,
    returnUrl: payment.returnUrl,
  })
}

function alertOf({ reason, form }: Unpaid): Html {
  const fields = Object.keys(form.faults).length === 1 ? 'Check the field below.' : 'Check the fields below.'
  return html`<p class="problem" role="alert">Not paid yet. ${reason ?? fields}</p>`
}

function cardForm(payment: PayPage, form: Sent<FieldName>): Html {
  const number = textField(
    {
      name: 'number',
      label: 'Card number',
      attributes: html`inputmode="numeric" autocomplete="cc-number" required maxlength="30" pattern="[0-9 \\-]{12,30}" title="12 to 19 digits"`,
    },
    form,
  )
  const expiry = textField(
    {
      name: 'expiry',
      label: 'Expires (month/year)',
      attributes: html`inputmode="numeric" autocomplete="cc-exp" required maxlength="${String(maxExpiryLength)}" pattern="(0?[1-9]|1[0-2]) ?\\/? ?(20)?[0-9]{2}" placeholder="12/30" title="Month and year, such as 12/30"`,
    },
    form,
  )
  const cvv = textField(
    {
      name: 'cvv',
      label: 'Security code (CVV)',
      attributes: html`inputmode="numeric" autocomplete="cc-csc" required maxlength="4" pattern="[0-9]{3,4}" title="3 or 4 digits on the card"`,
    },
    form,
  )
  return html`<form method="post">
<h2>By card</h2>
<input type="hidden" name="method" value="card">
${number}<div class="pair">${expiry}${cvv}</div>
<button>Pay ${moneyOf(payment)} by card</button>
</form>
`
}

function phoneForm(payment: PayPage, form: Sent<FieldName>): Html {
  const phone = textField(
    {
      name: 'phone',
      label: 'Phone number',
      hint: 'The number that your mobile money account is under.',
      attributes: html`type="tel" inputmode="tel" autocomplete="tel" required maxlength="40"`,
    },
    form,
  )
  return html`<form method="post">
<h2>By mobile money</h2>
<input type="hidden" name="method" value="mobile_money">
${phone}<button>Pay ${moneyOf(payment)} by phone</button>
</form>
`
}

function moneyOf({ amount, currency }: PayPage): string {
  return formatMoney(amount, currency)
}

function toWhom({ purpose, merchantName }: PayPage): Html {
  return html`${purpose === 'payin' ? 'Into your balance with' : 'To'} <strong>${isolated(merchantName)}</strong>`
}

function backLink({ cancelUrl }: PayPage): Html | string {
  if (cancelUrl === null) return ''
  return html`<p><a class="button second" href="${cancelUrl}">Cancel and go back</a></p>`
}

function testNumbers({ title, tables }: TestInstruments): Html {
  const parts = tables.map(({ sentence, rows }) => {
    const lines = rows.map(([number, effect]) => html`<tr><td>${number}</td><td>${effect}</td></tr>`)
    return html`${sentence === null ? '' : html`<p>${sentence}</p>`}<table>${lines}</table>`
  })
  return html`<details class="quiet"><summary>${title}</summary>${parts}</details>`
}
