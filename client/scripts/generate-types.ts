// npm run generate: writes src/generated/types.ts from the OpenAPI documents of the server's three surfaces. The server
// makes these documents from the schemas that it validates with. `--check` writes nothing, and fails if the file would
// change.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../server/src/base/clock.ts'
import { systemRandom } from '../../server/src/base/ids.ts'
import { createMeter } from '../../server/src/base/meter.ts'
import { buildApp } from '../../server/src/start/app.ts'

interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  description?: string
  deprecated?: boolean
}
interface Operation {
  operationId: string
  summary: string
  parameters?: { in: string; name: string; required: boolean; description?: string; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}
interface Document {
  paths: Record<string, Record<string, Operation>>
}

/**
 * The types that get a name of their own, and their place in an operation's answer. The same shape at any other place
 * gets the same name. Every other type is named after its operation: `CreateCustomerBody`, `ListCustomersQuery`,
 * `GetTokenResult`.
 */
const models: Record<string, Record<string, [operationId: string, ...path: string[]]>> = {
  cashful: {
    Customer: ['retrieveCustomer'],
    Balance: ['getCustomerBalance'],
    Transaction: ['listCustomerTransactions', 'data', '[]'],
    CustomerPaymentMethod: ['listCustomerPaymentMethods', 'data', '[]'],
    Purchase: ['createPurchase'],
    Transfer: ['createTransfer'],
    Payout: ['createPayout'],
    PaymentIntent: ['retrievePaymentIntent'],
    Confirmation: ['confirmPaymentIntent', '0'],
    CheckoutSession: ['retrieveCheckoutSession'],
    PaymentMethod: ['retrievePaymentMethod'],
    DeletedPaymentMethod: ['deletePaymentMethod'],
    MerchantBalance: ['getMerchantBalance'],
    MerchantTransaction: ['getBalanceHistory', 'data', '[]'],
    Analytics: ['getAnalytics'],
    AnalyticsSummary: ['getAnalyticsSummary'],
    WebhookEndpoint: ['listWebhookEndpoints', 'data', '[]'],
    DeletedWebhookEndpoint: ['deleteWebhookEndpoint'],
    Event: ['listEvents', 'data', '[]'],
    EventType: ['listEventTypes', 'data', '[]'],
    Health: ['health'],
    Pagination: ['listCustomers', 'pagination'],
  },
  paystack: {
    Authorization: ['customer_create', 'data', 'authorizations', '[]'],
    Customer: ['customer_create', 'data'],
    CustomerRow: ['customer_list', 'data', '[]'],
    FetchedCustomer: ['customer_fetch', 'data'],
    PageMeta: ['customer_list', 'meta', '0'],
    CursorMeta: ['customer_list', 'meta', '1'],
    AuthorizationRequest: ['customer_initialize_authorization', 'data'],
    VerifiedAuthorization: ['customer_verify_authorization', 'data'],
    Mandate: ['customer_mandate_authorizations', 'data', '[]'],
    TransactionAuthorization: ['transaction_verify', 'data', 'authorization'],
    TransactionCustomer: ['transaction_verify', 'data', 'customer'],
    Transaction: ['transaction_verify', 'data'],
    TransactionRow: ['transaction_list', 'data', '[]'],
    TransactionPageMeta: ['transaction_list', 'meta', '0'],
    TransactionTotals: ['transaction_totals', 'data'],
    OpenedTransaction: ['transaction_initialize', 'data'],
    Charge: ['charge_check', 'data', '0'],
    ChargeStep: ['charge_check', 'data', '1'],
    MadeRefund: ['refund_create', 'data'],
    Refund: ['refund_fetch', 'data'],
    RefundPageMeta: ['refund_list', 'meta'],
    Settlement: ['settlements_fetch', 'data', '[]'],
    CurrencyBalance: ['balance_fetch', 'data', '[]'],
    BalanceMovement: ['balance_ledger', 'data', '[]'],
    TransferRecipient: ['transferrecipient_fetch', 'data'],
    AddedRecipients: ['transferrecipient_bulk', 'data'],
    MadeTransfer: ['transfer_initiate', 'data'],
    Transfer: ['transfer_fetch', 'data'],
    QueuedTransfer: ['transfer_bulk', 'data', '[]'],
    Dispute: ['dispute_fetch', 'data'],
    DisputeOfTransaction: ['dispute_transaction', 'data'],
    DisputeResolution: ['dispute_resolve', 'data'],
    Evidence: ['dispute_evidence', 'data'],
    DisputeUpload: ['dispute_uploadUrl', 'data'],
    Timeline: ['transaction_timeline', 'data'],
    TransactionExport: ['transaction_export', 'data'],
    Country: ['miscellaneous_listCountries', 'data', '[]'],
    State: ['miscellaneous_avs', 'data', '[]'],
    Bank: ['bank_list', 'data', '[]'],
    ResolvedAccount: ['bank_resolve_account_number', 'data'],
    AccountValidation: ['bank_validate_account_number', 'data'],
    CardBin: ['verification_resolve_card_bin', 'data'],
    DedicatedAccount: ['dedicated_account_create', 'data'],
    DedicatedAccountRow: ['dedicated_account_list', 'data', '[]'],
    FetchedDedicatedAccount: ['dedicated_account_fetch', 'data'],
    AccountProvider: ['dedicated_account_available_providers', 'data', '[]'],
  },
  mteja: {
    ApiKey: ['revokeApiKey'],
    NewApiKey: ['createApiKey'],
    RevokedApiKey: ['revokeApiKey'],
    Person: ['createPerson'],
    ListedCustomer: ['listCustomers', 'data', '[]'],
    Customer: ['retrieveCustomer'],
    DefaultPaymentMethod: ['setDefaultPaymentMethod'],
    Balances: ['listBalances'],
    CustomerEntry: ['listEntries', 'data', '[]'],
    Positions: ['listPositions'],
    DayVolumes: ['listDayVolumes'],
    Purchase: ['listPurchases', 'data', '[]'],
    DoneRequest: ['retrieveRequest'],
    Statement: ['getStatement'],
    StatementEntry: ['getStatement', 'entries', '[]'],
    StatementLink: ['createStatementLink'],
    Erasure: ['getErasure'],
    PersonFile: ['exportCustomer'],
    Hold: ['retrieveHold'],
    Capture: ['captureHold'],
    ReleasedHold: ['releaseHold'],
    Refund: ['refund'],
    StoredRefund: ['retrieveRefund'],
    Dispute: ['retrieveDispute'],
    Payout: ['retrievePayout'],
    PayoutOutcome: ['createPayouts', 'outcomes', '[]'],
    PayoutOutcomes: ['createPayouts'],
    Recipient: ['retrieveRecipient'],
    PayoutSettings: ['retrievePayoutSettings'],
    DisputeSettings: ['retrieveDisputeSettings'],
    Reconciliation: ['retrieveReconciliation'],
    Difference: ['retrieveDifference'],
    Import: ['createMerchantImport'],
    ImportSkip: ['listMerchantImportSkips', 'data', '[]'],
    ImportedPayment: ['listImportedPayments', 'data', '[]'],
    RecordedPayIn: ['retrievePayIn'],
    Adjustment: ['retrieveAdjustment'],
    ProcessorAccount: ['setProcessor'],
    Suspended: ['retrieveSuspended'],
    Approval: ['approveApproval'],
    RetrievedApproval: ['retrieveApproval'],
    ApprovalSettings: ['retrieveApprovalSettings'],
    AuditEntry: ['listAudit', 'data', '[]'],
    TransactionEntry: ['retrieveTransaction', 'entries', '[]'],
    Transaction: ['retrieveTransaction'],
    TransferOutcome: ['makeTransfers', 'outcomes', '[]'],
    TransferOutcomes: ['makeTransfers'],
    PayIn: ['simulatePayIn'],
    TestPaymentMethod: ['createTestPaymentMethod'],
    PaymentNotice: ['simulatePaymentNotice'],
    AnsweredMandate: ['approveTestMandate'],
    IncomingTransfer: ['simulateIncomingTransfer'],
    TestOutcome: ['createTestOutcome'],
    DeletedTestOutcome: ['deleteTestOutcome'],
    Event: ['retrieveEvent'],
    StreamedEvent: ['streamEvents', '0'],
    StreamPosition: ['streamEvents', '1'],
    StreamLine: ['streamEvents'],
    WebhookEndpoint: ['retrieveWebhookEndpoint'],
    NewWebhookEndpoint: ['createWebhookEndpoint'],
    DeletedWebhookEndpoint: ['deleteWebhookEndpoint'],
    DeliveryAttempt: ['retrieveDelivery', 'attempts', '[]'],
    Delivery: ['resendDelivery'],
    DetailedDelivery: ['retrieveDelivery'],
    Merchant: ['createMerchant'],
    VerificationProgress: ['verifyLedger', '0', 'progress'],
    VerificationResult: ['verifyLedger', '1', 'result'],
    VerificationLine: ['verifyLedger'],
    LedgerEntry: ['exportEntries'],
  },
}

/** The types that callers write where the wire has text. The client turns their values into text. */
const queryTypes: Record<string, string> = {
  perPage: 'number',
  page: 'number',
  per_page: 'number',
  use_cursor: 'boolean',
  customer: 'string | number',
  from: 'string | Date',
  to: 'string | Date',
  at: 'string | Date',
  startDate: 'string | Date',
  endDate: 'string | Date',
}

const file = fileURLToPath(new URL('../src/generated/types.ts', import.meta.url))
const written = await generate()
if (!process.argv.includes('--check')) writeFileSync(file, written)
else if (readFileSync(file, 'utf8') !== written) {
  console.error('src/generated/types.ts is not what the server serves. Run: npm run generate -w client, and review it.')
  process.exit(1)
}

async function generate(): Promise<string> {
  const documents = await readDocuments()
  const namespaces = Object.entries(documents).map(([name, document]) => writeNamespace(name, document))
  const head = [
    '// Generated by scripts/generate-types.ts from the OpenAPI documents of the server. Do not edit; review the difference.',
    "import type { Amount } from '../money.ts'",
    '',
    '/** What a caller attaches to a customer where nothing narrower is said. */',
    'export type AnyMetadata = Record<string, unknown>',
  ]
  return format(`${[...head, ...namespaces].join('\n')}\n`)
}

/** Reads the documents of an application without a database, because documents need none. */
async function readDocuments(): Promise<Record<string, Document>> {
  const refuse = () => Promise.reject(new Error('there is no database'))
  const db = { engine: 'embedded', query: refuse, transaction: refuse, close: refuse }
  const app = await buildApp({ db, meter: createMeter(), clock: systemClock, random: systemRandom } as never, {
    adminKey: 'there is nothing to operate',
  })
  const documents: Record<string, Document> = {}
  for (const name of Object.keys(models)) {
    documents[name] = (await app.inject(`/docs/${name}.json`)).json()
  }
  await app.close()
  return documents
}

function writeNamespace(name: string, document: Document): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, route: `${method.toUpperCase()} ${path}` })),
  )
  const named = new Map<string, { name: string; isGeneric: boolean }>()
  const lines: string[] = []

  const declare = (typeName: string, schema: Schema, comment: string) => {
    const kind = /Query$/.test(typeName) ? 'query' : /Body$/.test(typeName) ? 'body' : 'answer'
    const type = writeType(schema, { named, kind, isWhole: true })
    const isGeneric = /\bMetadata\b/.test(type)
    const parameter = isGeneric ? '<Metadata extends object = AnyMetadata>' : ''
    lines.push(`/** ${comment} */`)
    lines.push(
      schema.properties !== undefined
        ? `export interface ${typeName}${parameter} ${type}`
        : `export type ${typeName}${parameter} = ${type}`,
    )
    return isGeneric
  }

  // Parts come before the wholes that contain them, so that a whole is written with the names of its parts.
  for (const [typeName, [operationId, ...path]] of byDepth(models[name] ?? {})) {
    const operation = operations.find((each) => each.operationId === operationId)
    // The server need not serve every operation that is listed here.
    if (operation === undefined) continue
    const schema = path.reduce(stepInto, successOf(operation))
    const isGeneric = declare(typeName, schema, operation.route)
    named.set(fingerprint(schema), { name: typeName, isGeneric })
  }
  for (const operation of operations) {
    const typeName = operation.operationId.replace(/(?:^|_)(\w)/g, (_all, letter: string) => letter.toUpperCase())
    const { route, summary } = operation
    const query = querySchema(operation)
    if (query !== undefined) declare(`${typeName}Query`, query, `${route}: ${summary}`)
    const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema
    if (body !== undefined) declare(`${typeName}Body`, body, `${route}: ${summary}`)
    const result = successOf(operation)
    if (!named.has(fingerprint(result))) declare(`${typeName}Result`, result, `${route}: ${summary}`)
  }
  return `\nexport namespace ${name.charAt(0).toUpperCase()}${name.slice(1)} {\n${lines.join('\n')}\n}`
}

function byDepth(table: (typeof models)[string]) {
  return Object.entries(table).sort(([, a], [, b]) => b.length - a.length)
}

function successOf(operation: Operation): Schema {
  const [status] = Object.keys(operation.responses).filter((each) => each.startsWith('2'))
  return Object.values(operation.responses[status ?? '']?.content ?? {})[0]?.schema ?? {}
}

function stepInto(schema: Schema, step: string): Schema {
  const inner = step === '[]' ? schema.items : (schema.properties?.[step] ?? schema.anyOf?.[Number(step)])
  if (inner === undefined) throw new Error(`there is no ${step} in ${JSON.stringify(schema).slice(0, 200)}`)
  return inner
}

function querySchema({ parameters = [] }: Operation): Schema | undefined {
  const found = parameters.filter((each) => each.in === 'query')
  if (found.length === 0) return undefined
  return {
    type: 'object',
    properties: Object.fromEntries(
      found.map(({ name, schema, description }) => [name, { ...schema, ...(description && { description }) }]),
    ),
    required: found.filter((each) => each.required).map((each) => each.name),
  }
}

interface Writing {
  named: Map<string, { name: string; isGeneric: boolean }>
  /** In a query or body, `undefined` stands for "not given", and amounts may be bigints. */
  kind: 'query' | 'body' | 'answer'
  /** Not replaced by its own name. */
  isWhole?: boolean
}

function writeType(schema: Schema, writing: Writing): string {
  const known = writing.isWhole ? undefined : writing.named.get(fingerprint(schema))
  if (known !== undefined) return known.isGeneric ? `${known.name}<Metadata>` : known.name
  const inner = { ...writing, isWhole: false }
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.anyOf !== undefined && schema.properties === undefined) {
    return schema.anyOf.map((each) => writeType(each, inner)).join(' | ')
  }
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => writeType({ ...schema, type }, inner)).join(' | ')
  }
  if (schema.type === 'array') return `${wrapped(writeType(schema.items ?? {}, inner))}[]`
  if (schema.type === 'integer') return 'number'
  if (schema.type === 'object') return writeObject(schema, inner)
  return schema.type ?? 'unknown'
}

function writeObject(schema: Schema, writing: Writing): string {
  if (schema.properties === undefined) {
    const [values] = Object.values(schema.patternProperties ?? {})
    return `Record<string, ${values === undefined ? 'unknown' : writeType(values, writing)}>`
  }
  const members = Object.entries(schema.properties).map(([name, member]) => {
    const isRequired = schema.required?.includes(name) ?? false
    const type = writeMember(name, member, writing)
    const comment = commentOf(member)
    const optional = writing.kind === 'answer' ? '' : ' | undefined'
    return `${comment}${/^\w+$/.test(name) ? name : JSON.stringify(name)}${isRequired ? '' : '?'}: ${type}${isRequired ? '' : optional}`
  })
  return `{\n${members.join('\n')}\n}`
}

/** The caller chooses the type of metadata. Amounts in a query or body may be bigints, but never texts. */
function writeMember(name: string, member: Schema, writing: Writing): string {
  if (writing.kind === 'body' && /^(totalA|a)mount$/.test(name)) return 'Amount'
  if (writing.kind === 'query' && queryTypes[name] !== undefined) return queryTypes[name]
  // The metadata of a transaction is the value that was sent, of any type.
  const isAnything = member.type === undefined && member.anyOf === undefined
  if (name !== 'metadata' || isAnything) return writeType(member, writing)
  return member.anyOf?.some((each) => each.type === 'null') ? 'Metadata | null' : 'Metadata'
}

function commentOf({ description, deprecated }: Schema): string {
  const text = [description, deprecated && '@deprecated'].filter(Boolean).join(' ')
  return text === '' ? '' : `/** ${text} */\n`
}

function wrapped(type: string): string {
  return /^[\w<>":\s|[\]]+$/.test(type) && type.includes(' | ') ? `(${type})` : type
}

/** The same text for shapes that differ only in words and examples. */
function fingerprint(schema: Schema): string {
  return JSON.stringify(schema, (key, value) =>
    ['description', 'examples', 'example'].includes(key) ? undefined : value,
  )
}

function format(source: string): string {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')
  return execFileSync(process.execPath, [biome, 'format', `--stdin-file-path=${file}`], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    input: source,
    encoding: 'utf8',
  })
}
