/**
 * The members of Cashful's DTOs. Every object is closed, because the Java client throws on an undocumented member. No
 * member is nullable, because the .NET client throws on a null date, number or boolean. A member without a value is
 * left out.
 */
import { anyObject, anyText, boolean, closed, date, exactly, integer, listOf, type Shape, text } from '../src/shape.ts'

const stamps = { id: text, createdAt: date, updatedAt: date }

/** CustomerResponseDto. `phoneNumber` is required there, and is "" for a customer without one. */
export const customer = closed(
  { ...stamps, merchantId: text, phoneNumber: anyText, metadata: anyObject },
  { deletedAt: date, email: text, name: text },
)

/** CustomerBalanceDto. */
export const balance = closed(
  { ...stamps, customerId: text, amount: integer, currency: text, available: integer, pending: integer },
  { deletedAt: date, merchantId: text },
)

/** CustomerTransactionDto. `balanceAfter` is optional there, but the Flutter client throws without it. */
export const transaction = closed(
  { ...stamps, type: text, amount: integer, currency: text, balanceAfter: integer },
  {
    deletedAt: date,
    customerId: text,
    merchantId: text,
    description: anyText,
    relatedEntityId: text,
    relatedEntityType: text,
  },
)

/**
 * CustomerPaymentMethodDto. It has no `provider` and no `phoneNumber`, unlike the merchant's own list of payment
 * methods.
 */
export const paymentMethod = closed(
  { ...stamps, customerId: text, type: text },
  { deletedAt: date, brand: text, last4: text, expiryMonth: integer, expiryYear: integer, isDefault: boolean },
)

/** The untyped answer of the operations on several customers, as Cashful's example has it. */
export const bulk = closed({ ids: listOf(text), count: integer })

/** ListEventTypesResponseDto: without `pagination`, which the Java client refuses. */
export const eventTypes = closed({
  data: listOf(closed({ id: text, name: text, isActive: boolean }, { description: text }), { atLeast: 1 }),
})

/** TransferResponseDto. */
export const transfer = closed(
  {
    ...stamps,
    merchantId: text,
    fromCustomerId: text,
    toCustomerId: text,
    amount: integer,
    currency: text,
    status: text,
  },
  { deletedAt: date, description: anyText },
)

/** PayoutResponseDto. Python raises without `metadata`. */
export const payout = closed(
  { ...stamps, merchantId: text, amount: integer, currency: text, status: text, metadata: anyObject },
  { deletedAt: date, bankAccount: text, description: anyText },
)

/** PaymentMethodResponseDto, of the merchant's own list. */
export const ownPaymentMethod = closed(
  { ...stamps, customerId: text, type: text, provider: text },
  {
    deletedAt: date,
    brand: text,
    last4: text,
    phoneNumber: text,
    expiryMonth: integer,
    expiryYear: integer,
    isDefault: boolean,
  },
)

/** MerchantBalanceResponseDto. */
export const merchantBalance = closed(
  { ...stamps, merchantId: text, amount: integer, currency: text, available: integer, pending: integer },
  { deletedAt: date },
)

/** BalanceTransactionDto. */
export const merchantTransaction = closed(
  { ...stamps, merchantId: text, type: text, amount: integer, currency: text, balanceAfter: integer },
  { deletedAt: date, description: anyText, relatedEntityId: text, relatedEntityType: text },
)

const pagination = closed({ limit: integer, offset: integer, total: integer, hasMore: boolean })
/** A page of any list. */
export const pageOf = (item: Shape) => closed({ data: listOf(item), pagination })

const up = closed({ status: exactly('up') })
const services = closed({ database: up }, { 'cashful-api': up })
/** GET /health. No client has a type for it. */
export const health = closed({ status: exactly('ok'), info: services, error: closed({}), details: services })

export const token = closed({ token: text })
/**
 * JWKS. The clients refuse a key without `alg`. The Java client refuses a key with a member of RFC 7517 that this table
 * does not list.
 */
export const jwks = closed({
  keys: listOf(
    closed({ kid: text, kty: text, alg: text }, { use: exactly('sig'), n: text, e: text, crv: text, x: text, y: text }),
    { atLeast: 1 },
  ),
})

const errorNames = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  404: 'Not Found',
  409: 'Conflict',
}
export type ErrorStatus = keyof typeof errorNames

/**
 * The error envelope of one status. `message` is an array, because the Python client loses the parsed error if it is a
 * string.
 */
export const errorEnvelope = (status: ErrorStatus) =>
  closed({ statusCode: exactly(status), message: listOf(text, { atLeast: 1 }), error: exactly(errorNames[status]) })
