import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Bank } from '../../domain/banking/bank-list.ts'
import { listBanks } from '../../domain/banking/banks.ts'
import { findCustomer } from '../../domain/customers/customers.ts'
import { refuseClosed, type Tenant } from '../../domain/merchants/tenant.ts'
import { lookAtMandate, openMandatePage } from '../../domain/payments/mandate-pages.ts'
import {
  approveMandate,
  declineMandate,
  findMandateTenant,
  getMandate,
  type Mandate,
  mandateYears,
} from '../../domain/payments/mandates.ts'
import { type HostedPages, requireProcessor } from '../../domain/payments/payment-processor.ts'
import { type Html, html, isolated } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import type { Problem } from '../http/problem.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'
import { choiceField, type Faults, readText, type Sent, textField } from './form.ts'
import { servePages } from './serve-pages.ts'

type FieldName = 'accountNumber' | 'bankCode'

type Fields = Partial<Record<'answer' | FieldName, unknown>>

/** A mandate whose page a customer has opened. */
interface Opened {
  tenant: Tenant
  mandate: Mandate
  pages: HostedPages
}

/**
 * `/authorize/:accessCode`: the page on which a customer approves or declines a direct debit mandate. Only the address is
 * secret. The first answer counts.
 */
export const authorizePage: FastifyPluginAsync<SurfaceContext> = async (app, surface) => {
  const { context } = surface
  servePages(app, surface, {
    prefix: '/authorize',
    title: 'Direct debit',
    find: (accessCode) => findMandateTenant(context, accessCode),
    sentenceFor: describeProblem,
  })

  async function open(accessCode: string): Promise<Opened> {
    const { tenant, reference } = await findMandateTenant(context, accessCode)
    const mandate = await getMandate(context, tenant, reference)
    const { pages } = await requireProcessor(context, tenant, { sentBy: mandate.accountId })
    return { tenant, mandate, pages }
  }

  async function sendForm(reply: FastifyReply, opened: Opened, sent: Sent<FieldName>) {
    const { tenant, mandate, pages } = opened
    const customer = await findCustomer(context, tenant, { id: mandate.customerId })
    const until = context.clock.now()
    until.setUTCFullYear(until.getUTCFullYear() + mandateYears)
    const name = [customer.firstName, customer.lastName].filter(Boolean).join(' ')
    return sendPage(reply, {
      title: `${hasFaults(sent) ? 'Not approved yet: ' : ''}Direct debit for ${tenant.merchant.name}`,
      notice: pages.mandateNotice,
      body: askingBody(opened, { payer: name || customer.email, until, sent }),
      returnUrl: returnAddress(mandate),
    })
  }

  /** A customer whose request is at a processor: sent to its page, and after their return to the merchant. */
  async function sendOn(reply: FastifyReply, opened: Opened, hasReturned: boolean) {
    const { tenant, mandate } = opened
    const now = await lookAtMandate(context, tenant, mandate).catch((error) => {
      // An account that does not answer is asked again in the background.
      if (error instanceof UpstreamError) return mandate
      throw error
    })
    if (now.status === 'requested' && !hasReturned) {
      refuseClosed(tenant.merchant)
      const own = `${surface.publicUrl()}/authorize/${mandate.accessCode}`
      return reply.redirect((await openMandatePage(context, tenant, mandate, own)) ?? own, 303)
    }
    const address = returnAddress(now)
    return address === null ? sendAnswered(reply, { ...opened, mandate: now }) : reply.redirect(address, 303)
  }

  app.get<{ Params: { accessCode: string }; Querystring: { reference?: unknown; trxref?: unknown } }>(
    '/authorize/:accessCode',
    { schema: { hide: true } },
    async (request, reply) => {
      const opened = await open(request.params.accessCode)
      const { reference, trxref } = request.query
      if (opened.mandate.accountId !== 0n) return sendOn(reply, opened, (reference ?? trxref) !== undefined)
      if (opened.mandate.status !== 'requested') return sendAnswered(reply, opened)
      refuseClosed(opened.tenant.merchant)
      return sendForm(reply, opened, { values: {}, faults: {} })
    },
  )

  app.post<{ Params: { accessCode: string }; Body: Fields }>(
    '/authorize/:accessCode',
    { schema: { hide: true, body: { type: 'object' } } },
    async (request, reply) => {
      const { accessCode } = request.params
      const values = { accountNumber: readText(request.body.accountNumber), bankCode: readText(request.body.bankCode) }
      const isDeclined = request.body.answer === 'decline'
      const faults = isDeclined ? {} : faultsOf(values)
      const opened = await open(accessCode)
      const { tenant, mandate } = opened
      if (mandate.accountId !== 0n) return reply.redirect(`/authorize/${accessCode}`, 303)
      if (mandate.status !== 'requested') return sendAnswered(reply, opened)
      if (Object.keys(faults).length > 0) return sendForm(reply.status(400), opened, { values, faults })
      const account = { number: values.accountNumber, bankCode: values.bankCode }
      const answered = isDeclined
        ? await declineMandate(context, tenant, mandate.reference)
        : await approveMandate(context, tenant, mandate.reference, account)
      const address = returnAddress(answered)
      return address === null ? sendAnswered(reply, { ...opened, mandate: answered }) : reply.redirect(address, 303)
    },
  )
}

function describeProblem({ code, expected, message }: Problem): string {
  if (statusByCode[code] === 404) return 'There is no request at this address. Check the link, or ask for a new one.'
  if (code === 'not_available' || code === 'merchant_closed') return 'Direct debit cannot be arranged here now.'
  return expected && code !== 'busy' ? message : 'Something went wrong on our side. Look again in a moment.'
}

function faultsOf({ accountNumber, bankCode }: Record<FieldName, string>): Faults<FieldName> {
  const faults: Faults<FieldName> = {}
  if (!/^\d{6,20}$/.test(accountNumber))
    faults.accountNumber = 'Enter the account number: 6 to 20 digits, without blanks.'
  if (bankCode === '') faults.bankCode = 'Choose the bank of the account.'
  else if (!/^[\w-]{1,20}$/.test(bankCode)) faults.bankCode = 'Check the bank: its code is 1 to 20 letters or digits.'
  return faults
}

function hasFaults({ faults }: Sent): boolean {
  return Object.keys(faults).length > 0
}

/** The merchant's address with the reference in its query, after either answer. Null if there is no address. */
function returnAddress({ callbackUrl, reference }: Mandate): string | null {
  if (callbackUrl === null || !/^https?:/i.test(callbackUrl) || !URL.canParse(callbackUrl)) return null
  const address = new URL(callbackUrl)
  address.searchParams.set('reference', reference)
  return address.href
}

function askingBody(
  { tenant, mandate, pages }: Opened,
  { payer, until, sent }: { payer: string | null; until: Date; sent: Sent<FieldName> },
): Html {
  const { name } = tenant.merchant
  const end = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(until)
  const account = mandate.accountNumber
  return html`
<h1>Allow direct debit</h1>
<p><strong>${isolated(name)}</strong> asks to take payments from your bank account.</p>
<dl>
${payer === null ? '' : html`<dt>For</dt><dd>${isolated(payer)}</dd>`}
${account === null ? '' : html`<dt>Account</dt><dd>${account}</dd>`}
<dt>Reference</dt><dd>${isolated(mandate.reference)}</dd>
</dl>
<h2>If you approve</h2>
<ul>
<li>${isolated(name)} may take the amounts that you owe it from the account below. The amounts are not fixed.</li>
<li>Approving takes no money.</li>
<li>The permission ends in ${end}. You can ask for it to be ended earlier.</li>
</ul>
${hasFaults(sent) ? html`<p class="problem" role="alert">Not approved yet. Check the fields below.</p>` : ''}
<form method="post">
${accountFields(tenant, mandate, pages, sent)}
<button name="answer" value="approve">Approve</button>
<button class="second" name="answer" value="decline" formnovalidate>Decline</button>
</form>`
}

function accountFields(tenant: Tenant, mandate: Mandate, { testAccount }: HostedPages, sent: Sent<FieldName>): Html {
  const number = textField(
    {
      name: 'accountNumber',
      label: 'Account number',
      attributes: html`inputmode="numeric" autocomplete="off" required pattern="[0-9]{6,20}" maxlength="20" title="6 to 20 digits, without blanks"`,
      value: testAccount?.number,
    },
    sent,
  )
  const chosen = mandate.bankCode ?? testAccount?.bankCode ?? null
  const options = banksToChoose(tenant, sent.values.bankCode || chosen)
  if (options.length > 0) {
    return html`${number}${choiceField({ name: 'bankCode', label: 'Bank', attributes: html`required`, options, chosen }, sent)}`
  }
  const attributes = html`autocomplete="off" required maxlength="20" pattern="[A-Za-z0-9_\\-]{1,20}"`
  return html`${number}${textField({ name: 'bankCode', label: 'Bank code', hint: 'Your bank can tell you its code.', attributes }, sent)}`
}

const countryNames: Readonly<Record<string, Bank['country']>> = {
  GH: 'Ghana',
  KE: 'Kenya',
  NG: 'Nigeria',
  ZA: 'South Africa',
}

/** The banks of the merchant's country, and the bank that was asked for. */
function banksToChoose({ merchant }: Tenant, asked: string | null): { value: string; text: string }[] {
  const country = countryNames[merchant.country]
  const own = country === undefined ? [] : listBanks({ country }).filter(({ type }) => !type.startsWith('mobile_money'))
  const options = own.map(({ code, name }) => ({ value: code, text: name }))
  if (asked === null || own.some(({ code }) => code === asked)) return options
  const known = listBanks({}).find(({ code }) => code === asked)
  return [{ value: asked, text: known?.name ?? `Bank ${asked}` }, ...options]
}

function sendAnswered(reply: FastifyReply, { tenant, mandate, pages }: Opened) {
  const { name } = tenant.merchant
  const isDeclined = mandate.status === 'declined'
  const isOpen = mandate.status === 'requested'
  const body = isOpen
    ? html`
<h1>Not approved yet</h1>
<p>We have not heard of your approval yet. If you have just approved, nothing more is to be done.</p>
<p>You can close this page.</p>`
    : isDeclined
      ? html`
<h1>Declined</h1>
<p>You declined this request. <strong>${isolated(name)}</strong> may not take payments from your account.</p>
<p>You can close this page.</p>`
      : html`
<h1 class="done">Approved</h1>
<p>Thank you. You approved this request. <strong>${isolated(name)}</strong> may take payments from your account once your bank has agreed.</p>
<p>You can close this page.</p>`
  return sendPage(reply, {
    title: `${isOpen ? 'Not approved yet' : isDeclined ? 'Declined' : 'Approved'}: ${name}`,
    notice: pages.mandateNotice,
    body,
  })
}
