import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { TxContext } from '../../../domain/context.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { listNumberedRecipients, walkNumberedRecipients } from '../../../domain/payouts/payout-lists.ts'
import { createRecipient, getRecipient, updateRecipient } from '../../../domain/payouts/recipients.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { type GivenRecipient, readRecipient } from '../given-recipients.ts'
import {
  cursorQuery,
  type ListQuery,
  pageMeta,
  pageQuery,
  readPageNumber,
  readPerPage,
  readStep,
  stepMeta,
  wantsCursor,
} from '../pagination.ts'
import { textOf } from '../queries.ts'
import { renderRecipient } from '../render-transfer.ts'
import { listMetaSchema, responses, success } from '../schemas.ts'
import { periodQuery } from '../transaction-filter.ts'
import {
  addedRecipientsSchema,
  changedRecipientSchema,
  newRecipientSchema,
  newRecipientsSchema,
  recipientSchema,
} from '../transfer-schemas.ts'

const tags = ['Transfer Recipient']
const created = 'Transfer recipient created successfully'
const added = 'Recipients added successfully'
const params = Type.Object({
  id_or_code: Type.String({ description: 'The recipient’s code or numeric id', examples: ['RCP_m7ljkv8leesep7p'] }),
})

/** `/transferrecipient`: the accounts to which transfers go. The same account is the same recipient. */
export const transferRecipientRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/transferrecipient',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'transferrecipient_create',
        summary: 'Create a recipient; the same account is the same recipient, and nothing of it is overwritten',
        tags,
        body: newRecipientSchema,
        response: responses(201, success(created, recipientSchema), 400, 403),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const recipient = await create(tx, tenant, request.body)
      return { status: true as const, message: created, data: renderRecipient(tenant, recipient) }
    },
  )

  routes.post(
    '/transferrecipient/bulk',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'transferrecipient_bulk',
        summary: 'Create up to 1,000 recipients, each with its own answer',
        tags,
        body: newRecipientsSchema,
        response: responses(200, success(added, addedRecipientsSchema), 400, 403),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const data = {
        success: [] as ReturnType<typeof renderRecipient>[],
        errors: [] as ReturnType<typeof renderError>[],
      }
      for (const given of request.body.batch) {
        const outcome = await create(tx, tenant, given).catch(asRefusal)
        if (outcome instanceof ServiceError) data.errors.push(renderError(given, outcome))
        else data.success.push(renderRecipient(tenant, outcome))
      }
      return { status: true as const, message: added, data }
    },
  )

  routes.get(
    '/transferrecipient',
    {
      scope: 'read',
      schema: {
        operationId: 'transferrecipient_list',
        summary: 'List recipients, newest first; from and to have no effect, as on Paystack’s API',
        tags,
        querystring: Type.Object({ ...pageQuery, ...cursorQuery, ...periodQuery }),
        response: responses(200, success('Recipients retrieved', Type.Array(recipientSchema), listMetaSchema), 400),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const list = wantsCursor(request.query) ? listByCursor : listByPage
      const { items, meta } = await list(tenant, request.query)
      const data = items.map((each) => renderRecipient(tenant, each))
      return { status: true as const, message: 'Recipients retrieved', data, meta }
    },
  )

  routes.get(
    '/transferrecipient/:id_or_code',
    {
      scope: 'read',
      schema: {
        operationId: 'transferrecipient_fetch',
        summary: 'Fetch a recipient by its code or its id',
        tags,
        params,
        response: responses(200, success('Recipient retrieved', recipientSchema), 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const data = renderRecipient(tenant, await getRecipient(context, tenant, request.params.id_or_code))
      return { status: true as const, message: 'Recipient retrieved', data }
    },
  )

  routes.put(
    '/transferrecipient/:id_or_code',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'transferrecipient_update',
        summary: 'Change the name or the e-mail of a recipient; its account stays',
        tags,
        params,
        body: changedRecipientSchema,
        response: responses(200, success('Recipient updated', recipientSchema), 400, 403, 404),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { name, email } = request.body
      const change = { name: textOf(name), email: textOf(email) }
      const data = renderRecipient(tenant, await updateRecipient(tx, tenant, request.params.id_or_code, change))
      return { status: true as const, message: 'Recipient updated', data }
    },
  )

  routes.delete(
    '/transferrecipient/:id_or_code',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'transferrecipient_delete',
        summary: 'Deactivate a recipient: no new transfer goes to it',
        tags,
        params,
        response: responses(200, success('Transfer recipient set as inactive'), 403, 404),
      },
    },
    async (request, tx) => {
      await updateRecipient(tx, tenantOf(request), request.params.id_or_code, { isActive: false })
      return { status: true as const, message: 'Transfer recipient set as inactive' }
    },
  )

  async function create(tx: TxContext, tenant: Tenant, given: GivenRecipient) {
    const directory = await context.bankDirectoryOf(tx, tenant)
    return createRecipient(tx, tenant, readRecipient(tenant, directory, given))
  }

  async function listByPage(tenant: Tenant, query: ListQuery) {
    const [page, perPage] = [readPageNumber(query), readPerPage(query)]
    const read = () => listNumberedRecipients(context, tenant, { limit: perPage, offset: (page - 1) * perPage })
    const { items, total } = await largeRead(context, tenant, read)
    return { items, meta: pageMeta(page, perPage, total) }
  }

  async function listByCursor(tenant: Tenant, query: ListQuery) {
    const found = await walkNumberedRecipients(context, tenant, readStep('recipient', query))
    return { items: found.items, meta: stepMeta('recipient', query, found, ({ id }) => id) }
  }
}

function asRefusal(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  throw error
}

function renderError(given: GivenRecipient, { message }: ServiceError) {
  const { type, name, description, account_number, bank_code, currency, email } = given
  const record = { type, name, description, account_number, bank_code, currency, email }
  const records = [Object.fromEntries(Object.entries(record).map(([member, value]) => [member, value ?? null]))]
  return { message, records }
}
