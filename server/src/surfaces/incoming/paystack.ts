import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import { replaceUnstorable } from '../../base/lossless-json.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Context } from '../../domain/context.ts'
import { takeIdentityNotice } from '../../domain/identity/identity.ts'
import { getMerchant } from '../../domain/merchants/merchants.ts'
import type { Mode, Tenant } from '../../domain/merchants/tenant.ts'
import { takeArrivalNotice } from '../../domain/payments/account-arrivals.ts'
import { takeTakenBackNotice } from '../../domain/payments/dispute-lookups.ts'
import { takeChargeNotice } from '../../domain/payments/due-charges.ts'
import { takeMandateNotice } from '../../domain/payments/mandate-activations.ts'
import { listAccounts } from '../../domain/payments/processor-accounts.ts'
import { takeRefundNotice } from '../../domain/payments/refunds.ts'
import { takePayoutNotice } from '../../domain/payouts/advancing.ts'
import { modeOfKey } from '../../upstream/paystack/account.ts'
import { type Notice, readNotice } from '../../upstream/paystack/notices.ts'
import { orderOfTransfer } from '../../upstream/paystack/payouts.ts'
import { isSignedBy } from '../../upstream/paystack/signature.ts'
import { readIdentityWebhook } from '../../upstream/paystack/verifier.ts'
import { sendProblems } from '../http/answer-problems.ts'
import { parseJson } from '../http/body.ts'
import { limitKeylessBodies } from '../http/keyless-bodies.ts'
import { renderProblem } from '../paystack/errors.ts'

interface Incoming {
  context: Context
  /** The account that judges identity checks. Its key signs its webhooks. */
  account: { secretKey: string } | undefined
  keylessTimeoutMs: number
}

const signatureHeader = 'x-paystack-signature'

/** A webhook tells of one thing. Its metadata are the largest part. */
const maxWebhookKib = 256

const received = { status: true, message: 'Webhook received' }

/**
 * Webhooks of Paystack accounts. Answers 200 to every webhook with the account's signature, because Paystack would send a refused
 * one again. Nothing of it is believed: it is a reason to ask the account.
 *
 * - `POST /webhooks/paystack`: of the account that identity checks are forwarded to.
 * - `POST /webhooks/paystack/:merchant/:mode`: of an account that a merchant has chosen as the processor of payments.
 */
export const paystackWebhook: FastifyPluginAsync<Incoming> = async (app, { context, account, keylessTimeoutMs }) => {
  sendProblems(app, renderProblem)
  // The signature is over the bytes, so they are read unchanged.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  limitKeylessBodies(app, {
    maxKib: maxWebhookKib,
    timeoutMs: keylessTimeoutMs,
    lookUp({ headers, routeOptions }) {
      if (routeOptions.url === '/webhooks/paystack' && account === undefined) throw forwardsNothing()
      // Nothing more is refused here: it would tell who has an account.
      if (!/^[0-9a-f]{128}$/i.test(String(headers[signatureHeader]))) throw unsigned()
    },
  })

  app.post('/paystack', { schema: { hide: true } }, async (request) => {
    if (account === undefined) throw forwardsNothing()
    if (!isSigned(request, account.secretKey)) throw unsigned()
    await takeIdentity(readBody(request), account.secretKey)
    return received
  })

  app.post<{ Params: { merchant: string; mode: string } }>(
    '/paystack/:merchant/:mode',
    { schema: { hide: true } },
    async (request) => {
      const tenant = await findTenant(context, request.params)
      const accounts = tenant === null ? [] : await listAccounts(context, tenant)
      const sender = accounts.find(({ secretKey }) => secretKey !== null && isSigned(request, secretKey))
      // The same for an address of nobody: it does not tell who has an account.
      if (tenant === null || sender === undefined) throw unsigned()
      const webhook = readBody(request)
      const notice = readMoney(webhook)
      if (notice?.about === 'payment') {
        const { reference, transfer } = notice
        await takeChargeNotice(context, tenant, reference)
        if (transfer !== null) await takeArrivalNotice(context, tenant, { accountId: sender.id, reference })
      }
      if (notice?.about === 'mandate') await takeMandateNotice(context, tenant, notice.email)
      if (notice?.about === 'refund') {
        await takeRefundNotice(context, tenant, notice.transactionReference)
        const name = notice.transactionReference
        await takeTakenBackNotice(context, tenant, sender.id, { about: 'payment', name })
      }
      const order = notice?.about === 'transfer' ? orderOfTransfer(notice.reference) : null
      if (order !== null) await takePayoutNotice(context, tenant, order, sender.id)
      if (notice?.about === 'dispute') {
        await takeTakenBackNotice(context, tenant, sender.id, { about: 'dispute', name: String(notice.id) })
      }
      // An account has one address for its webhooks, whatever it is used for.
      if (sender.secretKey === account?.secretKey) await takeIdentity(webhook, account.secretKey)
      return received
    },
  )

  async function takeIdentity(webhook: unknown, secretKey: string): Promise<void> {
    const notice = readIdentityWebhook(webhook)
    if (notice !== null) await takeIdentityNotice(context, modeOfKey(secretKey), notice)
  }

  /** What cannot be read now cannot be read when it is sent again: it is told to the operator. */
  function readMoney(webhook: unknown): Notice | null {
    try {
      return readNotice(webhook)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      context.failures.failed('webhook of a Paystack account', { operation: error.operation, outcome: error.outcome })
      return null
    }
  }
}

async function findTenant(context: Context, params: { merchant: string; mode: string }): Promise<Tenant | null> {
  const { merchant: reference, mode } = params
  if (!isMode(mode)) return null
  const merchant = await getMerchant(context, reference).catch((error) => {
    if (error instanceof ServiceError && error.code === 'merchant_not_found') return null
    throw error
  })
  return merchant === null ? null : { merchant, mode }
}

function isMode(text: string): text is Mode {
  return text === 'test' || text === 'live'
}

function bytesOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}

function isSigned(request: FastifyRequest, secretKey: string): boolean {
  const signature = request.headers[signatureHeader]
  return typeof signature === 'string' && isSignedBy(secretKey, bytesOf(request), signature)
}

function readBody(request: FastifyRequest): unknown {
  return parseJson(replaceUnstorable(bytesOf(request).toString('utf8')))
}

function forwardsNothing(): ServiceError {
  return new ServiceError('not_found', 'This server forwards nothing to a Paystack account')
}

function unsigned(): ServiceError {
  return new ServiceError('unauthorized', 'The x-paystack-signature is not of this body')
}
