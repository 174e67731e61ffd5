import { Type } from 'typebox'
import { importAccount } from '../../../domain/imports/import-runs.ts'
import { listSkips } from '../../../domain/imports/imports.ts'
import { createApiKey, listApiKeys } from '../../../domain/merchants/api-keys.ts'
import { changeMerchant, closeMerchant, reopenMerchant } from '../../../domain/merchants/merchant-changes.ts'
import { createMerchant, getMerchant, listMerchants } from '../../../domain/merchants/merchants.ts'
import { grantOf, scopes } from '../../../domain/merchants/scopes.ts'
import { type Merchant, refuseClosed } from '../../../domain/merchants/tenant.ts'
import { changePaymentSettings, getPaymentSettings } from '../../../domain/payments/payment-settings.ts'
import { setPaused } from '../../../domain/payments/sending-pauses.ts'
import { listDifferences } from '../../../domain/reconciliation/differences.ts'
import { ifMatchDescription, readSeenAt } from '../../http/if-match.ts'
import { readEnd } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { importSchema, renderImport, renderSkip, skipId, skipSchema } from '../imports.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import {
  apiKeySchema,
  listOf,
  merchantSchema,
  modeSchema,
  newApiKeySchema,
  newKeyBody,
  pageQuery,
  pageSchema,
  responses,
} from '../schemas.ts'
import { refuseUnseen, withTime } from '../settings.ts'
import { renderApiKey, revocationQuery, revokedKeySchema, revokeWithEndpoints } from './api-keys.ts'
import { auditQuery, auditSchema, sendAudit } from './audit.ts'
import { differenceQuery, differenceSchema, readDifferenceQuery, renderPage } from './differences.ts'
import { paymentSettingsChange, paymentSettingsSchema } from './payment-settings.ts'
import {
  accountSchema,
  choiceDescription,
  chosenProcessorBody,
  directionParam,
  listRendered,
  readChosen,
  setChosen,
} from './processors.ts'
import { newReconciliationBody, reconcileAsked, reconciliationSchema } from './reconciliations.ts'
import { renderSending, sendingBody, sendingSchema } from './sending.ts'

const tags = ['Operator']
const merchantParams = Type.Object({ id: Type.String({ examples: ['mer_3k1f9x0c2v8b7n6'] }) })

/** `/v1/merchants`: for the operator only, see operator.ts. */
export const merchantRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  routes.post(
    '/merchants',
    {
      scope: 'operator',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createMerchant',
        summary: 'Create a merchant without any key',
        tags,
        body: Type.Object({
          name: Type.String({ maxLength: 200, examples: ['Duka'] }),
          country: Type.Optional(Type.String({ description: 'ISO 3166 alpha-2; default ZA', examples: ['NG'] })),
          currencies: Type.Optional(
            Type.Array(Type.String(), {
              maxItems: 60,
              description: 'ISO 4217 codes, the default currency first; default ZAR',
              examples: [['NGN', 'USD']],
            }),
          ),
          timeZone: Type.Optional(
            Type.String({
              maxLength: 100,
              description:
                'IANA name of a time zone; default the zone of the country, of its capital if it has several',
              examples: ['Africa/Lagos'],
            }),
          ),
        }),
        response: responses(201, merchantSchema, 401, 404),
      },
    },
    async (request, tx) => renderMerchant(await createMerchant(tx, request.body)),
  )

  routes.get(
    '/merchants',
    {
      scope: 'operator',
      schema: {
        operationId: 'listMerchants',
        summary: 'List merchants, oldest first',
        tags,
        response: responses(200, listOf(merchantSchema), 401, 404),
      },
    },
    async () => ({ data: (await listMerchants(context)).map(renderMerchant) }),
  )

  routes.get(
    '/merchants/:id',
    {
      scope: 'operator',
      schema: {
        operationId: 'retrieveMerchant',
        summary: 'Retrieve a merchant by its id or its integration number',
        tags,
        params: merchantParams,
        response: responses(200, merchantSchema, 401, 404),
      },
    },
    async (request) => renderMerchant(await getMerchant(context, request.params.id)),
  )

  routes.patch(
    '/merchants/:id',
    {
      scope: 'operator',
      once: 'in a transaction',
      schema: {
        operationId: 'updateMerchant',
        summary: 'Update a merchant: rename it, add currencies that it holds, or set its time zone',
        description:
          'Customers can have balances in an added currency from the next request on. The default currency stays, and a ' +
          'currency is never taken away, because balances may be in it. With the time zone the days of the past change too.',
        tags,
        params: merchantParams,
        body: Type.Object({
          name: Type.Optional(Type.String({ maxLength: 200, examples: ['Duka'] })),
          addCurrencies: Type.Optional(
            Type.Array(Type.String({ maxLength: 10 }), {
              minItems: 1,
              maxItems: 60,
              description: 'ISO 4217 codes',
              examples: [['KES']],
            }),
          ),
          timeZone: Type.Optional(
            Type.String({ maxLength: 100, description: 'IANA name of a time zone', examples: ['Africa/Lagos'] }),
          ),
        }),
        response: responses(200, merchantSchema, 401, 403, 404),
      },
    },
    async (request, tx) => renderMerchant(await changeMerchant(tx, request.params.id, request.body)),
  )

  routes.post(
    '/merchants/:id/close',
    {
      scope: 'operator',
      once: 'in a transaction',
      schema: {
        operationId: 'closeMerchant',
        summary: 'Close a merchant: its keys can read and no longer change anything',
        description:
          'Refused while customers have money, and while a hold, a payment or a dedicated account is open. The message counts ' +
          'them. The merchant’s own balance may remain. Pages of a closed merchant take no payment.',
        tags,
        params: merchantParams,
        body: Type.Object({
          ignoreTestMode: Type.Optional(
            Type.Boolean({ description: 'true closes whatever is open in test mode; default false', examples: [true] }),
          ),
        }),
        response: responses(200, merchantSchema, 401, 404, 409),
      },
    },
    async (request, tx) => {
      const { ignoreTestMode = false } = request.body
      return renderMerchant(await closeMerchant(tx, request.params.id, { ignoreTestMode }))
    },
  )

  routes.post(
    '/merchants/:id/reopen',
    {
      scope: 'operator',
      once: 'in a transaction',
      schema: {
        operationId: 'reopenMerchant',
        summary: 'Open a closed merchant again',
        tags,
        params: merchantParams,
        response: responses(200, merchantSchema, 401, 404),
      },
    },
    async (request, tx) => renderMerchant(await reopenMerchant(tx, request.params.id)),
  )

  routes.post(
    '/merchants/:id/api-keys',
    {
      scope: 'operator',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createMerchantApiKey',
        summary: 'Create a key in either mode; its secret is shown only once',
        tags,
        params: merchantParams,
        body: Type.Object({
          mode: Type.Optional(modeSchema),
          ...newKeyBody,
        }),
        response: responses(201, newApiKeySchema, 401, 404),
      },
    },
    async (request, tx) => {
      const merchant = await getMerchant(tx, request.params.id)
      const { mode = 'test', name, personId, expiresAt, ...asked } = request.body
      const { apiKey, secret } = await createApiKey(tx, merchant, {
        mode,
        name,
        grant: grantOf(asked, scopes),
        personId,
        expiresAt: readEnd({ merchant, mode }, expiresAt, 'expiresAt'),
      })
      return { ...renderApiKey(apiKey), secret }
    },
  )

  routes.get(
    '/merchants/:id/api-keys',
    {
      scope: 'operator',
      schema: {
        operationId: 'listMerchantApiKeys',
        summary: 'List a merchant’s keys in both modes, newest first',
        tags,
        params: merchantParams,
        querystring: Type.Object(pageQuery),
        response: responses(200, pageSchema(apiKeySchema), 401, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(context, request.params.id)
      const { limit = 50, offset = 0 } = request.query
      const { items, total } = await listApiKeys(context, merchant, { limit, offset })
      return { data: items.map(renderApiKey), total }
    },
  )

  routes.delete(
    '/merchants/:id/api-keys/:keyId',
    {
      scope: 'operator',
      once: 'in a transaction',
      schema: {
        operationId: 'revokeMerchantApiKey',
        summary: 'Revoke a merchant’s key',
        tags,
        params: Type.Object({ ...merchantParams.properties, keyId: Type.String() }),
        querystring: revocationQuery,
        response: responses(200, revokedKeySchema, 401, 404),
      },
    },
    async (request, tx) => {
      const merchant = await getMerchant(tx, request.params.id)
      return revokeWithEndpoints(tx, merchant, request.params.keyId, request.query)
    },
  )

  routes.get(
    '/merchants/:id/processors',
    {
      scope: 'operator',
      schema: {
        operationId: 'listMerchantProcessors',
        summary: 'Show a merchant’s processor of each direction in a mode, its state and its last error',
        tags,
        params: merchantParams,
        querystring: Type.Object({ mode: Type.Optional(modeSchema) }),
        response: responses(200, listOf(accountSchema), 401, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(context, request.params.id)
      const { mode = 'test' } = request.query
      return { data: await listRendered(context, { merchant, mode }) }
    },
  )

  routes.put(
    '/merchants/:id/processors/:direction',
    {
      scope: 'operator',
      once: 'in a transaction',
      schema: {
        operationId: 'setMerchantProcessor',
        summary: 'Choose a merchant’s processor of a direction in a mode',
        description: choiceDescription,
        tags,
        params: Type.Object({ ...merchantParams.properties, ...directionParam }),
        body: Type.Object({ mode: Type.Optional(modeSchema), ...chosenProcessorBody }),
        response: responses(200, accountSchema, 401, 403, 404, 412),
      },
    },
    async (request, tx) => {
      const merchant = await getMerchant(tx, request.params.id)
      refuseClosed(merchant)
      const { mode = 'test', ...chosen } = request.body
      const tenant = { merchant, mode }
      const read = readChosen(tenant, request.params.direction, chosen)
      return setChosen(tx, tenant, { ...read, seenAt: readSeenAt(request) })
    },
  )

  routes.put(
    '/merchants/:id/sending',
    {
      scope: 'operator',
      once: 'in a transaction',
      schema: {
        operationId: 'setMerchantSending',
        summary: 'Pause all sending of a merchant in a mode, or let it go on',
        tags,
        params: merchantParams,
        body: Type.Object({ mode: Type.Optional(modeSchema), ...sendingBody }),
        response: responses(200, sendingSchema, 401, 404),
      },
    },
    async (request, tx) => {
      const merchant = await getMerchant(tx, request.params.id)
      const { mode = 'test', paused } = request.body
      return renderSending(await setPaused(tx, { merchant, mode }, paused, 'operator'))
    },
  )

  routes.post(
    '/merchants/:id/reconciliations',
    {
      scope: 'operator',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'createMerchantReconciliation',
        summary: 'Compare the account of a merchant with the books, or go on with the comparison under way',
        tags,
        params: merchantParams,
        body: Type.Object({ mode: Type.Optional(modeSchema), ...newReconciliationBody }),
        response: responses(201, reconciliationSchema, 401, 403, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(context, request.params.id)
      refuseClosed(merchant)
      const { mode = 'test', ...wanted } = request.body
      return reconcileAsked(context, { merchant, mode }, wanted)
    },
  )

  routes.post(
    '/merchants/:id/imports',
    {
      scope: 'operator',
      once: 'around work outside',
      status: 201,
      schema: {
        operationId: 'createMerchantImport',
        summary: 'Import the account of a merchant, or go on with the import that is not done',
        description: 'Answers after some seconds. While the status is running, call it again, and not before retryAt.',
        tags,
        params: merchantParams,
        body: Type.Object({ mode: Type.Optional(modeSchema) }),
        response: responses(201, importSchema, 401, 403, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(context, request.params.id)
      refuseClosed(merchant)
      return renderImport(await importAccount(context, { merchant, mode: request.body.mode ?? 'test' }))
    },
  )

  routes.get(
    '/merchants/:id/imports/skipped',
    {
      scope: 'operator',
      schema: {
        operationId: 'listMerchantImportSkips',
        summary: 'List what the last import of a merchant’s account has left out, newest first',
        tags,
        params: merchantParams,
        querystring: Type.Object({ mode: Type.Optional(modeSchema), ...idStepQuery(skipId) }),
        response: responses(200, Type.Object({ data: Type.Array(skipSchema), nextBefore: nextBeforeSchema }), 401, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(context, request.params.id)
      const { mode = 'test', ...query } = request.query
      const step = readIdStep(query)
      const found = await listSkips(context, { merchant, mode }, step)
      return {
        data: found.map(renderSkip),
        nextBefore: found.length < step.limit ? null : (found.at(-1)?.id ?? null),
      }
    },
  )

  routes.get(
    '/merchants/:id/differences',
    {
      scope: 'operator',
      schema: {
        operationId: 'listMerchantDifferences',
        summary: 'List differences between a merchant’s account and the books, newest first',
        tags,
        params: merchantParams,
        querystring: Type.Object({ mode: Type.Optional(modeSchema), ...differenceQuery }),
        response: responses(
          200,
          Type.Object({ data: Type.Array(differenceSchema), nextBefore: nextBeforeSchema }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const merchant = await getMerchant(context, request.params.id)
      const { mode = 'test', ...query } = request.query
      const { filter, step } = readDifferenceQuery(query)
      return renderPage(await listDifferences(context, { merchant, mode }, filter, step), step.limit)
    },
  )

  routes.get(
    '/merchants/:id/payment-settings',
    {
      scope: 'operator',
      schema: {
        operationId: 'retrieveMerchantPaymentSettings',
        summary: 'Show what a merchant’s payments without a purpose are for, and who bears fees, in a mode',
        tags,
        params: merchantParams,
        querystring: Type.Object({ mode: Type.Optional(modeSchema) }),
        response: responses(200, paymentSettingsSchema, 401, 404),
      },
    },
    async (request) => {
      const merchant = await getMerchant(context, request.params.id)
      const tenant = { merchant, mode: request.query.mode ?? 'test' }
      return withTime(context, tenant, 'payment_settings', await getPaymentSettings(context, tenant))
    },
  )

  routes.patch(
    '/merchants/:id/payment-settings',
    {
      scope: 'operator',
      once: 'in a transaction',
      schema: {
        operationId: 'updateMerchantPaymentSettings',
        summary: 'Say what a merchant’s payments without a purpose are for, and who bears fees, in a mode',
        description: ifMatchDescription,
        tags,
        params: merchantParams,
        body: Type.Object({ mode: Type.Optional(modeSchema), ...paymentSettingsChange }),
        response: responses(200, paymentSettingsSchema, 401, 403, 404, 412),
      },
    },
    async (request, tx) => {
      const merchant = await getMerchant(tx, request.params.id)
      refuseClosed(merchant)
      const { mode = 'test', ...change } = request.body
      const tenant = { merchant, mode }
      await refuseUnseen(tx, tenant, 'payment_settings', request)
      return withTime(tx, tenant, 'payment_settings', await changePaymentSettings(tx, tenant, change))
    },
  )

  routes.get(
    '/merchants/:id/audit',
    {
      scope: 'operator',
      schema: {
        operationId: 'listMerchantAudit',
        summary: 'List all writes of a merchant in both modes, newest first',
        tags,
        params: merchantParams,
        querystring: auditQuery,
        response: responses(200, auditSchema, 401, 404),
      },
    },
    async (request, reply) => {
      const merchant = await getMerchant(context, request.params.id)
      return sendAudit(context, { merchant, mode: null }, request.query, reply) as never
    },
  )
}

export function renderMerchant(merchant: Merchant) {
  return {
    id: merchant.code,
    integration: merchant.id,
    name: merchant.name,
    country: merchant.country,
    currencies: [...merchant.currencies],
    timeZone: merchant.timeZone,
    createdAt: merchant.createdAt.toISOString(),
    closedAt: merchant.closedAt?.toISOString() ?? null,
  }
}
