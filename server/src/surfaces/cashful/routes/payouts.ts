import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { randomCode } from '../../../base/ids.ts'
import { heldCurrency } from '../../../domain/merchants/merchants.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { largeRead } from '../../../domain/merchants/turns.ts'
import { findRecipientsNamed, listNumberedPayouts } from '../../../domain/payouts/payout-lists.ts'
import type { Payout } from '../../../domain/payouts/payout-records.ts'
import { getPayoutSettings } from '../../../domain/payouts/payout-settings.ts'
import { isOpen, type PayoutState, payoutStates } from '../../../domain/payouts/payout-states.ts'
import { createPayout, orMadeBefore } from '../../../domain/payouts/payouts.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText, metadataSchema } from '../../http/schemas.ts'
import { bothOf, checkFilteredMerchant, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { amountSchema, currencySchema, listOf, responses } from '../schemas.ts'

const tags = ['Payouts']
const date = Type.String({ format: 'date-time' })

const examplePayout = {
  id: 'payout_019aa8a3-2f10-7a55-8f21-0c1b2a3d4e5f',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  amount: 20000,
  currency: 'ZAR',
  status: 'pending',
  bankAccount: '****6789',
  description: 'Earnings of the week',
  metadata: {},
  createdAt: '2025-01-15T11:00:00.000Z',
  updatedAt: '2025-01-15T11:00:00.000Z',
}

const payoutSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    amount: Type.Integer(),
    currency: Type.String(),
    status: Type.String({ description: 'pending, completed or failed; one that came back is failed' }),
    bankAccount: Type.Optional(Type.String({ description: 'The end of the account number' })),
    description: Type.Optional(Type.String()),
    metadata: metadataSchema,
    createdAt: date,
    updatedAt: date,
  },
  { examples: [examplePayout] },
)

/** Members of `POST /v1/payouts` and of transfers. Without them other money would go, or elsewhere. */
const elsewhere = Type.Optional(Type.Unknown({ description: 'Refused: use POST /v1/payouts' }))
const refusedMembers = { customerId: elsewhere, fromCustomerId: elsewhere, destination: elsewhere }

const filtered = ['ids', 'id', 'merchantId', 'status', 'currency'] as const
const sorted = ['createdAt', 'updatedAt', 'id', 'merchantId'] as const

/** `/api/canary/payouts`: the merchant sends money of its balance to a bank. */
export const payoutRoutes: RouteFile = (routes, { context }) => {
  routes.post(
    '/payouts',
    {
      scope: 'payouts:write',
      once: 'in the posting',
      status: 201,
      schema: {
        operationId: 'createPayout',
        summary: 'Send money of the merchant’s balance to a bank account',
        description:
          'Make recipients with POST /v1/recipients, and choose the usual one with PATCH /v1/payout-settings. The money is reserved at once.',
        tags,
        body: Type.Object(
          {
            merchantId: Type.Optional(Type.String()),
            amount: amountSchema,
            currency: currencySchema,
            bankAccount: Type.Optional(
              Type.String({
                maxLength: 100,
                description:
                  'The id of a recipient, or its account number. Default the usual recipient of the merchant',
              }),
            ),
            description: Type.Optional(freeText(500)),
            metadata: Type.Optional(metadataSchema),
            ...refusedMembers,
          },
          { examples: [{ amount: 20000, currency: 'ZAR', bankAccount: 'RCP_m7ljkv8leesep7p' }] },
        ),
        response: responses(201, payoutSchema, 400, 402, 404, 409),
      },
    },
    async (request, keyed) => {
      const tenant = tenantOf(request)
      const { merchantId, amount, bankAccount, description, metadata } = request.body
      checkMerchantId(tenant, merchantId)
      refuseElsewhere(request.body)
      const currency = heldCurrency(tenant.merchant, request.body.currency)
      const { payout, replayed } = await orMadeBefore(context, tenant, keyed, async () => {
        const recipientCode = await findRecipient(tenant, currency, bankAccount?.trim() || undefined)
        const wanted = {
          amount,
          currency,
          destination: { recipientCode },
          reference: `payout-${randomCode(context.random, 20)}`,
          reason: description?.trim() || undefined,
          metadata,
        }
        return createPayout(context, tenant, wanted, keyed)
      })
      return { answer: renderPayout(tenant, payout), replayed }
    },
  )

  routes.get(
    '/payouts',
    {
      scope: 'read',
      schema: {
        operationId: 'listPayouts',
        summary: 'List the payouts of the merchant’s balance, newest first',
        tags,
        querystring: Type.Object({
          merchantId: Type.Optional(Type.String()),
          ...listQuery(filtered, sorted),
          status: Type.Optional(Type.String({ description: 'pending, completed or failed', examples: ['completed'] })),
        }),
        response: responses(200, listOf(payoutSchema, examplePayout), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const { merchantId, status } = request.query
      checkMerchantId(tenant, merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { direction } = readSort(request.query, sorted)
      const wanted = bothOf(status ? [status] : undefined, given.status)
      const filter = {
        isMerchants: true as const,
        ids: bothOf(given.ids, given.id)?.map((id) => id.replace(/^payout_/, '')),
        currencies: given.currency?.map((code) => heldCurrency(tenant.merchant, code)),
        conditions: wanted && [{ states: payoutStates.filter((state) => wanted.includes(statusOf(state))) }],
      }
      const read = () => listNumberedPayouts(context, tenant, filter, { ...page, direction })
      return renderPage(page, await largeRead(context, tenant, read), (payout) => renderPayout(tenant, payout))
    },
  )

  /** Throws `invalid_request` for a recipient that is not named, that is unknown, or whose account number others have too. */
  async function findRecipient(tenant: Tenant, currency: string, named: string | undefined): Promise<string> {
    const { defaultRecipient } = await getPayoutSettings(context, tenant)
    const name = named ?? defaultRecipient
    if (name === null) {
      throw refusal('bankAccount is missing, and the merchant has no usual recipient: see PATCH /v1/payout-settings')
    }
    const found = await findRecipientsNamed(context, tenant, { name, currency })
    const [recipient] = found
    if (recipient === undefined) {
      throw refusal('bankAccount must be the id or the account number of an active recipient in the currency')
    }
    if (found.length === 1) return recipient.code
    throw refusal('bankAccount is the account number of several recipients: send the id of one')
  }
}

function refusal(message: string): ServiceError {
  return new ServiceError('invalid_request', message, 'bankAccount')
}

function refuseElsewhere(given: Partial<Record<keyof typeof refusedMembers, unknown>>): void {
  for (const member of Object.keys(refusedMembers) as (keyof typeof refusedMembers)[]) {
    if (given[member] === undefined || given[member] === null) continue
    const message = `${member} is not served here: this pays out of the merchant’s balance to bankAccount. Use POST /v1/payouts`
    throw new ServiceError('invalid_request', message, member)
  }
}

function statusOf(state: PayoutState): 'pending' | 'completed' | 'failed' {
  if (isOpen(state)) return 'pending'
  return state === 'paid' ? 'completed' : 'failed'
}

function renderPayout({ merchant }: Tenant, payout: Payout) {
  const { accountNumber } = payout.recipient
  return {
    id: `payout_${payout.id}`,
    merchantId: merchant.code,
    amount: Number(payout.amount),
    currency: payout.currency,
    status: statusOf(payout.state),
    ...(accountNumber === null ? {} : { bankAccount: `****${accountNumber.slice(-4)}` }),
    ...(payout.reason === null ? {} : { description: payout.reason }),
    metadata: payout.metadata ?? {},
    createdAt: payout.createdAt.toISOString(),
    updatedAt: payout.updatedAt.toISOString(),
  }
}
