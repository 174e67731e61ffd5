import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import {
  type CheckoutPurpose,
  type CheckoutSession,
  createCheckoutSession,
  getCheckoutSession,
  type LineItem,
  listCheckoutSessions,
  type PageMethod,
} from '../../../domain/payments/checkout-sessions.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { metadataSchema, wholeNumber } from '../../http/schemas.ts'
import { bothOf, checkFilteredMerchant, listQuery, readFilter, readSort } from '../list-queries.ts'
import { checkMerchantId } from '../merchant-id.ts'
import { readPageRequest, renderPage } from '../pagination.ts'
import { amountSchema, currencySchema, date, listOf, responses } from '../schemas.ts'

const tags = ['Checkouts']

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))

const lineItemSchema = Type.Object({
  name: text(200),
  productId: text(200),
  quantity: Type.Optional(wholeNumber(1, 1e9, { description: 'Default 1' })),
  amount: Type.Unsafe<number | string>({ ...amountSchema, description: 'Minor units for one item' }),
  currency: currencySchema,
  imageId: text(200),
  imageUrl: text(2000),
})

/** Stored as given, and answered with a `taxRate`. The page of this server offers its `methods`, and ignores the rest. */
const hostedConfigSchema = Type.Object({
  merchantId: text(200),
  merchantAlias: text(200),
  merchantLegalName: text(200),
  merchantAvatarTextPlaceholder: text(200),
  merchantAvatarUrl: text(2000),
  requireContact: Type.Optional(Type.Boolean()),
  requireAddress: Type.Optional(Type.Boolean()),
  taxRate: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 100,
      description: 'Given back as it came, 0 without it; no amount changes by it',
    }),
  ),
  embedMode: Type.Optional(Type.Boolean()),
  embedOrigin: text(2000),
  methods: Type.Optional(
    Type.Array(Type.Unsafe<PageMethod>({ type: 'string', enum: ['card', 'wallet', 'bank'] }), {
      maxItems: 10,
      description: 'The ways to pay that the page offers, of card and wallet (mobile money); none means both',
    }),
  ),
})

const exampleSession = {
  id: 'checkout_sess_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  merchantId: 'mer_3k1f9x0c2v8b7n6',
  customerId: 'CUS_xnxdt6s1zg1f4nx',
  sessionUrl: 'http://localhost:9000/checkout/checkout_sess_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  successUrl: 'https://example.com/success',
  cancelUrl: 'https://example.com/cancel',
  lineItems: [],
  totalAmount: 10000,
  currency: 'ZAR',
  mode: 'payin',
  status: 'open',
  expiresAt: '2025-01-17T10:30:00.000Z',
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
  metadata: { purpose: 'wallet_topup' },
}

/** Without `paymentIntentId`, because the Java client of 0.8.0 refuses a member it does not know. */
const sessionSchema = Type.Object(
  {
    id: Type.String(),
    merchantId: Type.String(),
    customerId: Type.Optional(Type.String()),
    sessionUrl: Type.String({ description: 'Address of the page; send the person there' }),
    successUrl: Type.String({
      description:
        'Address to which the page redirects after payment, with session_id added; default a page of this server',
    }),
    cancelUrl: Type.String(),
    lineItems: Type.Optional(
      Type.Array(
        Type.Object({
          ...lineItemSchema.properties,
          amount: Type.Integer({ description: 'Minor units for one item' }),
        }),
      ),
    ),
    totalAmount: Type.Integer({ description: 'Minor units' }),
    currency: Type.String(),
    mode: Type.String(),
    status: Type.String({ description: 'open, complete or expired' }),
    expiresAt: date,
    metadata: metadataSchema,
    hostedCheckoutConfig: Type.Optional(hostedConfigSchema),
    createdAt: date,
    updatedAt: date,
    deletedAt: Type.Optional(date),
  },
  { examples: [exampleSession] },
)

const url = Type.Optional(Type.String({ format: 'uri', maxLength: 2000, examples: ['https://example.com/success'] }))

const filtered = ['ids', 'id', 'merchantId', 'customerId', 'status'] as const
const sorted = ['createdAt', 'id', 'merchantId'] as const

/** `/api/canary/checkout/sessions`: pages on which a person pays. */
export const checkoutSessionRoutes: RouteFile = (routes, surface) => {
  const { context, publicUrl } = surface
  const render = (tenant: Tenant, session: CheckoutSession) => renderSession(tenant, session, publicUrl())

  routes.post(
    '/checkout/sessions',
    {
      scope: 'payments:write',
      once: 'in a transaction',
      status: 201,
      schema: {
        operationId: 'createCheckoutSession',
        summary: 'Create a page on which a person pays the merchant, or fills a customer’s cash balance (payin)',
        tags,
        body: Type.Object(
          {
            merchantId: Type.Optional(Type.String()),
            customerId: Type.Optional(Type.String({ maxLength: 100, description: 'Required for mode payin' })),
            productId: text(200),
            successUrl: url,
            cancelUrl: url,
            lineItems: Type.Optional(Type.Array(lineItemSchema, { maxItems: 100 })),
            totalAmount: Type.Optional(
              Type.Unsafe<number | string>({
                ...amountSchema,
                description:
                  'The amount to charge, default the sum of the line items; it may differ from the sum by a tax, a delivery or a discount',
              }),
            ),
            currency: currencySchema,
            mode: Type.Optional(
              Type.String({ maxLength: 40, description: 'payment (default) or payin', examples: ['payin'] }),
            ),
            metadata: Type.Optional(metadataSchema),
            hostedCheckoutConfig: Type.Optional(hostedConfigSchema),
          },
          {
            examples: [
              {
                customerId: 'CUS_xnxdt6s1zg1f4nx',
                totalAmount: 10000,
                currency: 'ZAR',
                mode: 'payin',
                successUrl: 'https://example.com/success',
                cancelUrl: 'https://example.com/cancel',
                metadata: { purpose: 'wallet_topup' },
              },
            ],
          },
        ),
        response: responses(201, sessionSchema, 400, 402, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const { merchantId, mode, customerId, hostedCheckoutConfig, ...input } = request.body
      checkMerchantId(tenant, merchantId)
      const given = {
        ...input,
        purpose: readMode(mode),
        customerCode: customerId,
        successUrl: readWebAddress(input.successUrl, 'successUrl'),
        cancelUrl: readWebAddress(input.cancelUrl, 'cancelUrl'),
        hostedConfig: hostedCheckoutConfig,
      }
      return render(tenant, await createCheckoutSession(tx, tenant, given))
    },
  )

  routes.get(
    '/checkout/sessions',
    {
      scope: 'read',
      schema: {
        operationId: 'listCheckoutSessions',
        summary: 'List checkout sessions, newest first',
        tags,
        querystring: Type.Object({
          merchantId: Type.Optional(Type.String()),
          status: Type.Optional(Type.String({ description: 'open, complete or expired', examples: ['open'] })),
          ...listQuery(filtered, sorted),
        }),
        response: responses(200, listOf(sessionSchema, exampleSession), 400, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      checkMerchantId(tenant, request.query.merchantId)
      const page = readPageRequest(request.query)
      const given = readFilter(request.query, filtered)
      checkFilteredMerchant(tenant, given)
      const { direction } = readSort(request.query, sorted)
      const filter = {
        statuses: bothOf(request.query.status ? [request.query.status] : undefined, given.status),
        ids: bothOf(given.ids, given.id),
        customerCodes: given.customerId,
      }
      const found = await listCheckoutSessions(context, tenant, filter, { ...page, direction })
      return renderPage(page, found, (session) => render(tenant, session))
    },
  )

  routes.get(
    '/checkout/sessions/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveCheckoutSession',
        summary: 'Retrieve a checkout session',
        tags,
        params: Type.Object({ id: Type.String({ examples: [exampleSession.id] }) }),
        response: responses(200, sessionSchema, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      return render(tenant, await getCheckoutSession(context, tenant, request.params.id))
    },
  )
}

function readMode(mode = 'payment'): CheckoutPurpose {
  if (mode === 'payment' || mode === 'payin') return mode
  throw new ServiceError('invalid_request', `mode must be payment or payin, not ${JSON.stringify(mode)}`, 'mode')
}

/** People are sent to this address. Only web addresses are accepted, so that no address can run code in a browser. */
function readWebAddress(address: string | undefined, field: string): string | undefined {
  if (address === undefined || /^https?:\/\//i.test(address)) return address
  throw new ServiceError('invalid_request', `${field} must begin with https:// or http://`, field)
}

function renderSession({ merchant }: Tenant, session: CheckoutSession, publicUrl: string) {
  const sessionUrl = `${publicUrl}/checkout/${session.id}`
  return {
    id: session.id,
    merchantId: merchant.code,
    ...(session.customerCode === null ? {} : { customerId: session.customerCode }),
    sessionUrl,
    successUrl: session.successUrl ?? sessionUrl,
    cancelUrl: session.cancelUrl ?? sessionUrl,
    ...(session.lineItems === null ? {} : { lineItems: session.lineItems.map(renderLineItem) }),
    totalAmount: Number(session.amount),
    currency: session.currency,
    mode: session.purpose,
    status: session.status,
    expiresAt: session.expiresAt.toISOString(),
    metadata: session.metadata ?? {},
    // Always with a tax rate, and each line item with a quantity: the Flutter client cannot read them without.
    ...(session.hostedConfig === null ? {} : { hostedCheckoutConfig: { taxRate: 0, ...session.hostedConfig } }),
    createdAt: session.createdAt.toISOString(),
    updatedAt: session.updatedAt.toISOString(),
  }
}

function renderLineItem(item: LineItem) {
  return { quantity: 1, ...item, amount: Number(item.amount) }
}
