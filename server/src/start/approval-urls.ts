import type { Clock } from '../base/clock.ts'
import { tenantKey } from '../domain/merchants/tenant.ts'
import type { ApprovalUrlAsker, UrlAnswer } from '../domain/payouts/payout-processor.ts'
import type { WebhookAnswer, WebhookSender } from '../domain/webhooks/sender.ts'
import { signAsPaystack } from '../domain/webhooks/signatures.ts'
import { isServed } from '../surfaces/paystack/amounts.ts'
import { renderApprovalRequest } from '../surfaces/paystack/render-transfer.ts'

/** The time in which an address has to answer. */
const timeoutMs = 10_000
/** An address that has not answered is asked about one payout at a time for so long. */
const cautionMs = 60_000

/** Asks approval URLs as Paystack does, within the reach of webhooks. */
export function createApprovalUrlAsker(sender: Pick<WebhookSender, 'send'>, clock: Clock): ApprovalUrlAsker {
  /** The end of the caution about a tenant's address. */
  const caution = new Map<string, number>()
  const underWay = new Map<string, number>()

  return {
    async askApprovalUrl(tenant, payout, { url, secret }) {
      if (!isServed(payout.currency)) return { is: 'blocked', reason: unserved(payout.currency) }
      const key = tenantKey(tenant)
      const count = underWay.get(key) ?? 0
      // Payouts of others must not wait behind an address that is silent.
      if (count > 0 && (caution.get(key) ?? 0) > clock.now().getTime()) return null
      underWay.set(key, count + 1)
      const body = JSON.stringify(renderApprovalRequest(payout))
      const signature = signAsPaystack(secret, { id: payout.code, body, now: clock.now() })
      const headers = { 'content-type': 'application/json', 'user-agent': 'Mteja/1.0', ...signature }
      const answer = await sender.send({ url, headers, body, timeoutMs, mode: tenant.mode })
      const left = (underWay.get(key) ?? 1) - 1
      if (left === 0) underWay.delete(key)
      else underWay.set(key, left)
      if ('error' in answer) caution.set(key, clock.now().getTime() + cautionMs)
      else caution.delete(key)
      return read(answer)
    },
  }
}

/** The question counts hundredths. */
function unserved(currency: string): string {
  return `The approval URL cannot be asked about ${currency}, which has thousandths`
}

/** Only 200 and 400 are answers. */
function read(answer: WebhookAnswer): UrlAnswer {
  if ('error' in answer) return { is: 'blocked', reason: `The approval URL has not answered: ${answer.error}` }
  if (answer.status === 200) return { is: 'approved' }
  if (answer.status === 400) return { is: 'rejected', reason: 'The approval URL has refused the payout' }
  const reason = `The approval URL answered ${answer.status}: 200 approves a payout, and 400 refuses it`
  return { is: 'blocked', reason }
}
