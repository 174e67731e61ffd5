import { UpstreamError } from '../../base/upstream-error.ts'
import type { NotSentReason } from '../../domain/payments/unsent.ts'
import { type Answer, type Ask, type Question, unusable } from './ask.ts'
import { cutText, understand } from './reading.ts'

/** What is known of work at the account after a call. */
export type Knowledge =
  /** The account will not do it, and has made nothing. */
  | 'refused'
  /** The account has it. Its state has to be asked for. */
  | 'exists'
  /** Nobody can say whether the account has it. It has to be asked for, and never begun again under another name. */
  | 'unknown'
  /** The account has it, and says how it ended. */
  | 'conclusive'
  /** The account has made nothing, and has not judged it: the same request may be sent again later. */
  | 'not_sent'

/** The calls that begin something at the account, and those that ask about it. */
export type Call =
  | 'initialize'
  | 'charge_authorization'
  | 'charge'
  | 'submit_step'
  | 'create_customer'
  | 'assign_account'
  | 'refund'
  | 'retry_refund'
  | 'create_recipient'
  | 'transfer'
  | 'finalize_transfer'
  | 'change_dispute'
  | 'verify_transaction'
  | 'verify_transfer'

/** A row fits an answer that has all of the members that the row names. The first row that fits counts. */
interface Row {
  is: Knowledge
  /** HTTP status. */
  on?: readonly number[]
  /** `data.status`, or a word of `stateOf`. */
  states?: readonly string[]
  /** The code of a refusal. */
  code?: string
  message?: RegExp
}

const success = [200, 201, 202]
/** Statuses with which the account refuses a request that it has understood. */
const refusal = [400, 404, 422]

/** The answers of any call that begins something, about the caller and not about the work. */
const uncalled: Row[] = [
  { on: [403], code: 'feature_unavailable', is: 'refused' },
  { on: [401, 403, 429], is: 'not_sent' },
  { on: [400], message: /IP address is not allowed/i, is: 'not_sent' },
]

/** Any use of a reference burns it: an initialized, a paid and a declined payment alike. */
const sameReference: Row[] = [
  { on: refusal, code: 'duplicate_reference', is: 'exists' },
  { on: refusal, message: /duplicate transaction reference/i, is: 'exists' },
]

/** The account's balance, not the payer's: the same request may succeed tomorrow. */
const shortOfFunds: Row[] = [
  { on: refusal, code: 'insufficient_balance', is: 'not_sent' },
  { on: refusal, message: /your balance is not enough/i, is: 'not_sent' },
]

/** The business may not pay out: the same order may go out once that is mended, so nothing is said of the order. */
const notEnabled: Row[] = [
  { on: [...refusal, 403], code: 'transfer_unavailable', is: 'not_sent' },
  { on: [...refusal, 403], code: 'feature_unavailable', is: 'not_sent' },
  { on: [...refusal, 403], message: /cannot initiate third party payouts|starter business/i, is: 'not_sent' },
]

const outOfOrder: Row[] = [{ on: refusal, message: /system malfunction/i, is: 'not_sent' }]

/** What the documents call a refusal of the order itself. Whatever else a transfer is refused with is unknown. */
const refusedTransfer: Row[] = [
  ...['invalid_transfer_recipient', 'invalid_amount'].map((code): Row => ({ on: refusal, code, is: 'refused' })),
  ...[
    /recipient specified is invalid/i,
    /illegal special characters/i,
    /(minimum|maximum) amount you may send/i,
    /amount must be a positive integer/i,
    /can't make the transfer to this recipient/i,
    /account (is )?closed/i,
    /(bank|bank code|account number) is invalid/i,
  ].map((message): Row => ({ on: refusal, message, is: 'refused' })),
]

/** What the documents call a refusal of a recipient's account. */
const refusedRecipient: Row[] = [
  ...['invalid_bank_code', 'invalid_account_number', 'missing_params'].map(
    (code): Row => ({ on: refusal, code, is: 'refused' }),
  ),
  ...[/(bank|bank code|account number) is invalid/i, /(cannot|could not|unable to) resolve/i].map(
    (message): Row => ({ on: refusal, message, is: 'refused' }),
  ),
]

/** The states of a payment that are not final. An abandoned payment can still be paid. */
const openPayment = ['abandoned', 'ongoing', 'pending', 'processing', 'queued', 'reversal-pending']
/** The states of a transfer that are not final. One in `otp` waits for its owner, one in `received` for the approval URL. */
const openTransfer = ['pending', 'otp', 'received', 'processing', 'queued']
/** A transfer that succeeded can still be reversed. */
const endedTransfer = ['success', 'failed', 'reversed', 'abandoned', 'blocked', 'rejected']
/** What a payment waits for. */
const waitingPayment = [
  ...['paused', 'send_pin', 'send_otp', 'send_phone', 'send_birthday', 'send_address'],
  ...['open_url', 'pay_offline', 'pending_bank_transfer'],
]
const charging: Row[] = [
  { on: success, states: ['success', 'failed'], is: 'conclusive' },
  { on: success, states: [...openPayment, ...waitingPayment, 'reversed'], is: 'exists' },
  ...sameReference,
  // A wrong PIN or one-time password: the charge is dead.
  { on: [400], states: ['failed'], is: 'conclusive' },
  { on: refusal, is: 'refused' },
]

/**
 * What each answer of each call means for the work. An answer that no row fits leaves it unknown. So do the answers of
 * a question about something that the account does not know: the request may still be on its way.
 */
const rows: Record<Call, readonly Row[]> = {
  initialize: [
    ...uncalled,
    { on: success, states: ['initialized'], is: 'exists' },
    ...sameReference,
    { on: refusal, is: 'refused' },
  ],
  charge_authorization: [...uncalled, ...charging],
  charge: [...uncalled, ...charging],
  submit_step: [...uncalled, ...charging],
  create_customer: [...uncalled, { on: success, is: 'exists' }, { on: refusal, is: 'refused' }],
  assign_account: [...uncalled, { on: success, is: 'exists' }, { on: refusal, is: 'refused' }],
  refund: [
    ...uncalled,
    { on: success, states: ['processed', 'failed'], is: 'conclusive' },
    { on: success, states: ['pending', 'processing', 'needs-attention'], is: 'exists' },
    // There are refunds of this payment already. One may be of this very request, where something on the way sent it
    // twice: only the list tells.
    { on: refusal, code: 'transaction_reversed', is: 'exists' },
    {
      on: refusal,
      message: /has been fully reversed|total refund amount cannot exceed|cannot refund less/i,
      is: 'exists',
    },
    ...shortOfFunds,
    { on: refusal, is: 'refused' },
  ],
  retry_refund: [
    ...uncalled,
    { on: success, states: ['processed', 'failed'], is: 'conclusive' },
    { on: success, states: ['pending', 'processing', 'needs-attention'], is: 'exists' },
    // A refund that is not waiting for the payer's account: the request before may have moved it on.
    { on: [422], message: /invalid refund state/i, is: 'exists' },
    { on: refusal, is: 'refused' },
  ],
  create_recipient: [
    ...notEnabled,
    ...uncalled,
    { on: success, is: 'exists' },
    ...outOfOrder,
    ...refusedRecipient,
    // In other words it may be the business that is refused. Nothing is paid without a recipient.
    { on: refusal, is: 'not_sent' },
  ],
  transfer: [
    { on: [400, 404, 409, 422], code: 'duplicate_transfer_reference', is: 'exists' },
    { on: [400, 404, 409, 422], message: /reference already exists on a transfer/i, is: 'exists' },
    ...notEnabled,
    ...uncalled,
    { on: success, states: openTransfer, is: 'exists' },
    { on: success, states: endedTransfer, is: 'conclusive' },
    ...shortOfFunds,
    ...outOfOrder,
    ...refusedTransfer,
  ],
  // Its transfer is there already. A wrong one-time password ends it, and no document says in which words.
  finalize_transfer: [
    ...uncalled,
    { on: success, states: openTransfer, is: 'exists' },
    { on: success, states: endedTransfer, is: 'conclusive' },
    { on: refusal, is: 'exists' },
  ],
  // The state of a dispute has to be asked for, whatever was answered: it may be decided already.
  change_dispute: [...uncalled, { on: success, is: 'exists' }, { on: refusal, is: 'refused' }],
  verify_transaction: [
    { on: [200], states: ['success', 'failed', 'reversed'], is: 'conclusive' },
    { on: [200], states: openPayment, is: 'exists' },
  ],
  verify_transfer: [
    { on: [200], states: endedTransfer, is: 'conclusive' },
    { on: [200], states: openTransfer, is: 'exists' },
  ],
}

/** Calls that only ask: nothing can be said of the work from a question that was not answered. */
const questions: readonly Call[] = ['verify_transaction', 'verify_transfer']

/** What a call has taught about its work: by an answer, or by the error that came instead. */
export function knowledgeAfter(call: Call, seen: Answer | UpstreamError): Knowledge {
  if (seen instanceof UpstreamError) {
    const wasLeftAlone = seen.outcome === 'not_connected' || seen.outcome === 'paused' || seen.status === 429
    return wasLeftAlone && !questions.includes(call) ? 'not_sent' : 'unknown'
  }
  if (!isEnvelope(seen)) return 'unknown'
  return rows[call].find((row) => fits(row, seen))?.is ?? 'unknown'
}

/** Refusals that others on the way speak, such as a proxy, have no word about the work. */
function isEnvelope({ status, body }: Answer): boolean {
  if (status < 300) return body.status === true || stateOf(body.data) === 'failed'
  return body.status === false && typeof body.message === 'string'
}

function fits(row: Row, { status, body }: Answer): boolean {
  return (
    (row.on?.includes(status) ?? true) &&
    (row.states?.includes(stateOf(body.data)) ?? true) &&
    (row.code === undefined || row.code === body.code) &&
    (row.message?.test(String(body.message)) ?? true)
  )
}

/** `data.status`. A payment that waits on a page has none: `paused` in place of a charge, `initialized` of a page. */
function stateOf(data: unknown): string {
  const { status, paused, authorization_url: url } = (data ?? {}) as Record<string, unknown>
  if (typeof status === 'string') return status
  if (paused === true) return 'paused'
  return typeof url === 'string' ? 'initialized' : ''
}

/** What came of a call that begins something at the account. */
export type Outcome<Thing> =
  | { is: 'conclusive'; thing: Thing }
  /** `thing` is null where the account only says that it has it. */
  | { is: 'exists'; thing: Thing | null }
  /** `code` is the account's word, null where it has none; `reason` its sentence. */
  | { is: 'refused'; code: string | null; reason: string }
  | { is: 'unknown'; cause: UpstreamError }
  /** `said` is the account's sentence, null where it has none; `retryAfterMs` is null where the account does not say. */
  | { is: 'not_sent'; why: NotSentReason; said: string | null; cause: UpstreamError; retryAfterMs: number | null }

/** Makes a call that begins something. Never throws `UpstreamError`: the outcome says what is known. */
export async function begin<Thing>(
  ask: Ask,
  call: Call,
  question: Question,
  read: (data: unknown) => Thing,
): Promise<Outcome<Thing>> {
  const seen = await ask(question).catch(asUpstreamError)
  const is = knowledgeAfter(call, seen)
  if (seen instanceof UpstreamError) {
    return is === 'not_sent'
      ? { is, why: causeOf(seen), said: null, cause: seen, retryAfterMs: null }
      : { is: 'unknown', cause: seen }
  }
  const { operation } = question
  const { status, body, retryAfterMs } = seen
  if (is === 'refused') return { is, code: readCode(body.code), reason: cutText(String(body.message)) }
  if (is === 'not_sent') {
    return {
      is,
      why: causeOf(seen),
      said: cutText(String(body.message)),
      cause: unusable(operation, status),
      retryAfterMs,
    }
  }
  if (is === 'unknown') return { is, cause: unusable(operation, status) }
  if (is === 'exists' && status >= 300) return { is, thing: null }
  try {
    return { is, thing: understand(operation, status, () => read(body.data)) }
  } catch (cause) {
    return { is: 'unknown', cause: asUpstreamError(cause) }
  }
}

/** Why a call that has surely begun nothing has not. */
export function causeOf(seen: Answer | UpstreamError): NotSentReason {
  if (seen.status === 429) return 'rate_limited'
  if (seen instanceof UpstreamError && (seen.status === 401 || seen.status === 403)) return 'unauthorized'
  if (seen instanceof UpstreamError) return seen.outcome === 'paused' ? 'paused' : 'no_connection'
  const isOne = (rowsOf: readonly Row[]) => rowsOf.some((row) => fits(row, seen))
  if (isOne(shortOfFunds)) return 'short_of_funds'
  if (isOne(outOfOrder)) return 'out_of_order'
  if (isOne(notEnabled)) return 'not_enabled'
  return isOne(uncalled) ? 'unauthorized' : 'not_enabled'
}

function readCode(code: unknown): string | null {
  return typeof code === 'string' && code !== '' ? code : null
}

function asUpstreamError(thrown: unknown): UpstreamError {
  if (thrown instanceof UpstreamError) return thrown
  throw thrown
}
