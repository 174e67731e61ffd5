import { Type } from 'typebox'
import { createRecipient, getRecipient, listRecipients, updateRecipient } from '../../../domain/payouts/recipients.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText, metadataSchema } from '../../http/schemas.ts'
import { accountMembers, accountNameSchema, readAccount, recipientSchema, renderRecipient } from '../payouts.ts'
import { currencySchema, limitSchema, responses } from '../schemas.ts'

const tags = ['Payouts']
const code = 'RCP_m7ljkv8leesep7p'
const params = Type.Object({ id: Type.String({ examples: [code] }) })
const email = Type.Optional(Type.String({ maxLength: 254, examples: ['zero@example.com'] }))

/** `/v1/recipients`: the places to which a merchant pays out. */
export const recipientRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/recipients',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createRecipient',
        summary:
          'Make a recipient of payouts; the same account is the same recipient, and nothing of it is overwritten',
        tags,
        body: Type.Object({
          ...accountMembers,
          accountName: accountNameSchema,
          currency: Type.Optional(currencySchema),
          email,
          description: Type.Optional(freeText(500, { examples: ['Driver'] })),
          metadata: Type.Optional(metadataSchema),
        }),
        response: responses(201, recipientSchema, 401),
      },
    },
    async (request, tx) => {
      const { currency, email, description, metadata, ...account } = request.body
      const wanted = { ...readAccount(account, ''), currency, email, description, metadata }
      return renderRecipient(await createRecipient(tx, tenantOf(request), wanted))
    },
  )

  routes.get(
    '/recipients',
    {
      scope: 'read',
      schema: {
        operationId: 'listRecipients',
        summary: 'List active recipients, newest first',
        tags,
        querystring: Type.Object({
          limit: limitSchema,
          before: Type.Optional(
            Type.String({
              maxLength: 100,
              description: 'Only recipients that are older than this one',
              examples: [code],
            }),
          ),
        }),
        response: responses(
          200,
          Type.Object({
            data: Type.Array(recipientSchema),
            nextBefore: Type.Union([Type.String(), Type.Null()], {
              description: 'To get the next page, send this value as `before`; null at the end',
            }),
          }),
          401,
          404,
        ),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { limit = 50, before } = request.query
      const last = before === undefined ? undefined : (await getRecipient(context, tenant, before)).id
      const recipients = await listRecipients(context, tenant, { limit, before: last })
      return {
        data: recipients.map(renderRecipient),
        nextBefore: recipients.length < limit ? null : (recipients.at(-1)?.code ?? null),
      }
    },
  )

  routes.get(
    '/recipients/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveRecipient',
        summary: 'Retrieve a recipient',
        tags,
        params,
        response: responses(200, recipientSchema, 401, 404),
      },
    },
    async (request) => renderRecipient(await getRecipient(context, tenantOf(request), request.params.id)),
  )

  routes.patch(
    '/recipients/:id',
    {
      scope: 'payouts:write',
      once: 'in a transaction',
      schema: {
        operationId: 'updateRecipient',
        summary: 'Change the name or e-mail of a recipient, or say whether new payouts may go to it',
        tags,
        params,
        body: Type.Object({
          accountName: Type.Optional(accountNameSchema),
          email,
          active: Type.Optional(Type.Boolean({ examples: [false] })),
        }),
        response: responses(200, recipientSchema, 401, 404),
      },
    },
    async (request, tx) => {
      const { accountName: name, email, active: isActive } = request.body
      const change = { name, email, isActive }
      return renderRecipient(await updateRecipient(tx, tenantOf(request), request.params.id, change))
    },
  )
}
