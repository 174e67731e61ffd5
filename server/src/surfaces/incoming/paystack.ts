import type { FastifyPluginAsync } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../../domain/context.ts'
import { takeIdentityNotice } from '../../domain/identity/identity.ts'
import { modeOfKey } from '../../upstream/paystack/account.ts'
import { isSignedBy } from '../../upstream/paystack/signature.ts'
import { readIdentityWebhook } from '../../upstream/paystack/verifier.ts'
import { sendProblems } from '../http/answer-problems.ts'
import { parseJson } from '../http/body.ts'
import { renderProblem } from '../paystack/errors.ts'

interface Incoming {
  context: Context
  /** The account's key, which signs its webhooks. Without an account the address answers 404. */
  account: { secretKey: string } | undefined
}

/**
 * `POST /webhooks/paystack`: receives the outcomes of identity checks that were forwarded to a Paystack account.
 * Answers 200 to every webhook with the account's signature, because Paystack would send a refused one again.
 */
export const paystackWebhook: FastifyPluginAsync<Incoming> = async (app, { context, account }) => {
  sendProblems(app, renderProblem)
  // The signature is over the bytes, so they are read unchanged.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.post('/paystack', { schema: { hide: true } }, async (request) => {
    if (account === undefined) {
      throw new ServiceError('not_found', 'This server forwards nothing to a Paystack account')
    }
    const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const signature = request.headers['x-paystack-signature']
    if (typeof signature !== 'string' || !isSignedBy(account.secretKey, rawBody, signature)) {
      throw new ServiceError('unauthorized', 'The x-paystack-signature is not of this body')
    }
    const notice = readIdentityWebhook(parseJson(rawBody.toString('utf8')))
    if (notice !== null) await takeIdentityNotice(context, modeOfKey(account.secretKey), notice)
    return { status: true, message: 'Webhook received' }
  })
}
