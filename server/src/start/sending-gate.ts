import { UpstreamError } from '../base/upstream-error.ts'
import type { Context } from '../domain/context.ts'
import type { Tenant } from '../domain/merchants/tenant.ts'
import { findPause } from '../domain/payments/sending-pauses.ts'
import type { AccountStatement } from '../domain/reconciliation/account-statement.ts'
import { lookForUnknown } from '../domain/reconciliation/sending-looks.ts'
import type { Answer, Ask } from '../upstream/paystack/ask.ts'

/** The requests by which money leaves, or an instrument is charged. */
const sendings: readonly string[] = [
  ...['initiate_transfer', 'finalize_transfer', 'create_refund', 'retry_refund'],
  ...['charge_authorization', 'create_charge'],
]

/** An account behind a gate. */
export interface GatedAccount {
  ask: Ask
  /** Looks at the account, once. False while the sending of the tenant is paused. Throws `UpstreamError`. */
  look(): Promise<boolean>
}

/**
 * The account, by which nothing is sent while the sending of its tenant is paused, and nothing before its newest things were looked
 * at. A request that does not pass was surely not sent.
 */
export function gateSending(
  base: Pick<Context, 'db' | 'clock' | 'vault' | 'failures'>,
  tenant: Tenant,
  { ask, statement }: { ask: Ask; statement: AccountStatement },
): GatedAccount {
  const subject = `sending of ${tenant.merchant.code} in ${tenant.mode} mode`
  let looking: Promise<boolean> | undefined

  /** Everybody who comes meanwhile waits for the same look. One that has failed, or has found something, is done again. */
  async function lookOnce(): Promise<boolean> {
    looking ??= lookForUnknown(base, tenant, statement)
    try {
      const isFree = await looking
      if (!isFree) looking = undefined
      return isFree
    } catch (error) {
      looking = undefined
      throw error
    }
  }

  async function look(): Promise<boolean> {
    const isFree = (await findPause(base, tenant)) === null && (await lookOnce())
    const pause = isFree ? null : await findPause(base, tenant)
    if (pause === null) base.failures.worked(subject)
    else base.failures.failed(subject, { paused: pause.cause, reference: pause.reference })
    return isFree
  }

  async function refusalOf(operation: string): Promise<Answer | null> {
    const isFree = await look().catch((cause: unknown) => {
      if (!(cause instanceof UpstreamError)) throw cause
      if (cause.status === 401) return unauthorized
      throw new UpstreamError(operation, 'not_connected', null, { cause })
    })
    if (isFree === unauthorized) return unauthorized
    if (!isFree) throw new UpstreamError(operation, 'paused')
    return null
  }

  return {
    look,
    ask: async (question) => {
      const refusal = sendings.includes(question.operation) ? await refusalOf(question.operation) : null
      return refusal ?? ask(question)
    },
  }
}

/** As the account has answered the look. */
const unauthorized: Answer = {
  status: 401,
  body: { status: false, message: 'The account refuses its key' },
  retryAfterMs: null,
}
