import type { FastifyPluginAsync } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { approveMandate, findMandateTenant, getMandate } from '../../domain/payments/mandates.ts'
import { requireProcessor } from '../../domain/payments/payment-processor.ts'
import { refuseUnstorableAddresses } from '../http/addresses.ts'
import { readBodies } from '../http/body.ts'
import { html, htmlPage } from '../http/html.ts'
import { problemOf } from '../http/problem.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'

/**
 * `/authorize/:accessCode`: the page on which a customer approves a direct debit mandate. Only the address is secret.
 */
export const authorizePage: FastifyPluginAsync<SurfaceContext> = async (app, { context }) => {
  readBodies(app, 'json-or-urlencoded')
  refuseUnstorableAddresses(app)

  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (!problem.expected) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    const status = statusByCode[problem.code]
    return reply
      .status(status)
      .type('text/html')
      .send(htmlPage('Authorization', html`<p>${problem.message}</p>`))
  })

  app.get<{ Params: { accessCode: string } }>(
    '/authorize/:accessCode',
    { schema: { hide: true } },
    async (request, reply) => {
      const { tenant, reference } = await findMandateTenant(context, request.params.accessCode)
      const mandate = await getMandate(context, tenant, reference)
      reply.type('text/html')
      if (mandate.status !== 'requested') {
        return htmlPage('Authorization', html`<p>You have answered this request already. You can close this page.</p>`)
      }
      const { pages } = await requireProcessor(context, tenant)
      return htmlPage(
        'Authorize direct debit',
        html`
        <p><strong>${tenant.merchant.name}</strong> asks to debit your bank account.${pages.mandateNotice === null ? '' : ` ${pages.mandateNotice}`}</p>
        <form method="post">
          <label>Account number <input name="accountNumber" inputmode="numeric" pattern="[0-9]{6,20}" required value="${pages.testAccount?.number ?? ''}"></label>
          <label>Bank code <input name="bankCode" required maxlength="20" value="${mandate.bankCode ?? pages.testAccount?.bankCode ?? ''}"></label>
          <button>Approve</button>
        </form>
      `,
      )
    },
  )

  app.post<{ Params: { accessCode: string }; Body: { accountNumber?: unknown; bankCode?: unknown } }>(
    '/authorize/:accessCode',
    { schema: { hide: true, body: { type: 'object' } } },
    async (request, reply) => {
      const { accountNumber, bankCode } = request.body
      if (typeof accountNumber !== 'string' || !/^\d{6,20}$/.test(accountNumber)) {
        throw new ServiceError('invalid_request', 'The account number must be 6 to 20 digits', 'accountNumber')
      }
      if (typeof bankCode !== 'string' || !/^[\w-]{1,20}$/.test(bankCode)) {
        throw new ServiceError('invalid_request', 'The bank code must be 1 to 20 letters or digits', 'bankCode')
      }
      const { tenant, reference } = await findMandateTenant(context, request.params.accessCode)
      const mandate = await approveMandate(context, tenant, reference, { number: accountNumber, bankCode })
      if (mandate.callbackUrl !== null && /^https?:/i.test(mandate.callbackUrl)) {
        const address = new URL(mandate.callbackUrl)
        address.searchParams.set('reference', reference)
        return reply.redirect(address.href, 303)
      }
      return reply.type('text/html').send(htmlPage('Authorized', html`<p>Thank you. You can close this page.</p>`))
    },
  )
}
