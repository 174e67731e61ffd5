/** The Customers APIs of Cashful and Paystack, and Mteja's own API. Typed, without dependencies. */
export type { CashfulPage } from './cashful/api.ts'
export { CashfulClient, type CashfulOptions } from './cashful/client.ts'
export type { CustomerChanges } from './cashful/customers.ts'
export type { CreatedWebhookEndpoint } from './cashful/webhook-endpoints.ts'
export {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  type ErrorContext,
  type FieldProblem,
  InsufficientFundsError,
  MtejaError,
  NotFoundError,
  PaymentRefusedError,
  PermissionError,
  RateLimitError,
  ServerError,
  SignatureError,
  TimeoutError,
  UnexpectedResponseError,
  ValidationError,
} from './core/errors.ts'
export type { List } from './core/list.ts'
export type { LogEvent, Logger } from './core/log.ts'
export type { CallOptions, ClientOptions, Credential, RequestOptions } from './core/options.ts'
export type { AnyMetadata, Cashful, Mteja, Paystack } from './generated/types.ts'
export { type Amount, minorDigits, toBigInt, toDecimal, toMinorUnits } from './money.ts'
export type { MtejaPage, MtejaStep, WholeList } from './mteja/api.ts'
export { MtejaClient, type MtejaOptions } from './mteja/client.ts'
export type { StatementPeriod } from './mteja/customers.ts'
export type { FollowOptions } from './mteja/events.ts'
export type { Confirmation } from './paystack/api.ts'
export type { BankPage } from './paystack/banks.ts'
export { PaystackClient, type PaystackOptions } from './paystack/client.ts'
export type { CustomerPage } from './paystack/customers.ts'
export type { DedicatedAccountPage } from './paystack/dedicated-accounts.ts'
export type { MandatePage } from './paystack/direct-debits.ts'
export { type CashfulEvent, type CashfulWebhookRequest, verifyCashfulWebhook } from './webhooks/cashful.ts'
export { type PaystackEvent, verifyPaystackWebhook } from './webhooks/paystack.ts'
export type { WebhookRequest } from './webhooks/signature.ts'
