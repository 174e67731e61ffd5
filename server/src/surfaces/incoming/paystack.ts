import type { FastifyPluginAsync } from 'fastify'
import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../../domain/context.ts'
import { takeIdentityNotice } from '../../domain/identity/identity.ts'
import { isSignedBy, modeOfKey, readIdentityWebhook } from '../../upstream/paystack.ts'
import { sendProblems } from '../http/answer-problems.ts'
import { parseJson } from '../http/body.ts'
import { renderProblem } from '../paystack/errors.ts'

interface Incoming {
  context: Context
  /** The account's key, which signs what it sends; without an account there is nothing at the address. */
  account: { secretKey: string } | undefined
}

/**
 * `POST /webhooks/paystack`: where the Paystack account that identity checks are forwarded to tells their outcomes. Answers
 * 200 to whatever carries the account's signature: what is of no interest here would only be sent again.
 */
export const paystackWebhook: FastifyPluginAsync<Incoming> = async (app, { context, account }) => {
  sendProblems(app, renderProblem)
  // The signature is of the bytes, so they are read as they came.
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
