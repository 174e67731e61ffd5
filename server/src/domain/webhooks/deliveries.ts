import { createBatcher, watchQueue } from '../../db/batcher.ts'
import { oneAtATime } from '../../db/lanes.ts'
import { isRolledBack } from '../../db/rolled-back.ts'
import type { Context, FreeContext } from '../context.ts'
import type { RecordedEvent, WebhookStyle } from '../events/events.ts'
import type { ClaimedDelivery } from './claims.ts'
import { secretContext } from './endpoints.ts'
import { endpointName } from './ids.ts'
import { type Outcome, recordOutcomes, withoutTexts } from './outcomes.ts'
import type { SenderChoice, WebhookAnswer } from './sender.ts'
import { styleRules } from './styles.ts'

/** The body of a webhook in each style: what becomes JSON. A style is told only of events it has a name for. */
export type EventRenderers = Readonly<Record<WebhookStyle, (event: RecordedEvent) => object>>

/** Makes one attempt at a delivery and records its outcome. */
export type Deliver = (delivery: ClaimedDelivery) => Promise<void>

/** Every call of the embedded engine waits for the statement before it, so its statements are short. */
const mostAtOnce = { embedded: 20, postgresql: 100 } as const

/** Attempts that end together are recorded together. */
export function createDeliver(context: FreeContext & SenderChoice, renderers: EventRenderers): Deliver {
  const record = createBatcher<Outcome, void>(
    // Each batch is a transaction of several statements, and a lane takes single statements only.
    { lane: () => oneAtATime(context.db) },
    async (_lane, outcomes) => {
      await recordOutcomes(context, outcomes)
      return outcomes.map(() => undefined)
    },
    ({ delivery }) => String(delivery.merchantId),
    {
      maxBatch: mostAtOnce[context.db.engine],
      maxWaiting: 10_000,
      isRolledBack,
      watch: watchQueue(context.meter, 'webhook_outcomes'),
    },
  )
  return async (delivery) => {
    const outcome = await attempt(context, renderers, delivery)
    report(context, outcome)
    try {
      await record(outcome)
      context.failures.worked('webhook records')
    } catch (error) {
      if (!isRolledBack(error)) throw error
      // Without a record the delivery would be sent again and again, and the deliveries behind it never.
      await record(withoutTexts(outcome))
      context.failures.failed('webhook records', { err: error })
    }
  }
}

interface Message {
  body: string
  headers: Record<string, string>
}

/** A webhook that cannot be made is a failed attempt like any other. It is tried again later, and at last given up. */
async function attempt(
  context: FreeContext & SenderChoice,
  renderers: EventRenderers,
  delivery: ClaimedDelivery,
): Promise<Outcome> {
  const startedAt = context.clock.now()
  let message: Message
  try {
    message = makeMessage(context, renderers, delivery, startedAt)
  } catch (error) {
    context.failures.failed(makingOf(delivery), { err: error })
    const answer = { error: 'The webhook could not be made; this is a fault of the server', durationMs: 0 }
    const verdict = judge(context, delivery, answer)
    return { delivery, startedAt, body: delivery.body, headers: {}, answer, isOurFault: true, ...verdict }
  }
  context.failures.worked(makingOf(delivery))
  const { url, mode, style } = delivery
  const { timeoutMs } = styleRules[style]
  const answer = await context.webhookSender.send({ url, ...message, timeoutMs, mode })
  return { delivery, startedAt, ...message, answer, isOurFault: false, ...judge(context, delivery, answer) }
}

function makingOf({ style, event }: ClaimedDelivery): string {
  return `making a webhook of ${event.type} in the ${style} style`
}

function makeMessage(context: Context, renderers: EventRenderers, delivery: ClaimedDelivery, now: Date): Message {
  const { style, event, sealedSecrets } = delivery
  const body = delivery.body ?? JSON.stringify(renderers[style](event))
  const secrets = sealedSecrets.map((each) => context.vault.open(each, secretContext))
  const signature = styleRules[style].sign(secrets, { id: event.publicId, body, now })
  return { body, headers: { 'content-type': 'application/json', 'user-agent': 'Mteja/1.0', ...signature } }
}

function judge(
  context: Context,
  { style, mode, tryCount }: ClaimedDelivery,
  answer: WebhookAnswer,
): Pick<Outcome, 'status' | 'nextAttemptAt' | 'failureReason'> {
  if ('status' in answer && styleRules[style].isAcknowledged(answer.status)) {
    return { status: 'delivered', nextAttemptAt: null, failureReason: null }
  }
  const failureReason = reasonOf(answer)
  const delayMs = styleRules[style].retryDelaysMs[mode][tryCount]
  if (delayMs === undefined) return { status: 'failed', nextAttemptAt: null, failureReason }
  const nextAttemptAt = new Date(context.clock.now().getTime() + withJitter(context, delayMs))
  return { status: 'pending', nextAttemptAt, failureReason }
}

function reasonOf(answer: WebhookAnswer): string {
  return 'status' in answer ? `Answered ${answer.status}` : answer.error
}

/** Up to a tenth more, so that deliveries that failed together do not come back together. */
function withJitter({ random }: Context, delayMs: number): number {
  return Math.round(delayMs * (1 + random.bytes(2).readUInt16BE() / 0x10000 / 10))
}

/** Tells the operator whether the endpoint works. Its address is not logged, because it may hold a secret. */
function report({ meter, failures }: Context, { delivery, answer, status, isOurFault }: Outcome): void {
  const outcome = outcomeOf(answer, status, isOurFault)
  meter.histogram('mteja_webhook_attempt_duration_seconds', { outcome }).observe(answer.durationMs / 1000)
  if (isOurFault) return
  const name = endpointName(delivery.endpointId)
  if (status === 'delivered') failures.worked(`webhook endpoint ${name}`)
  else {
    const { merchantCode, mode } = delivery.event
    failures.failed(`webhook endpoint ${name}`, { merchant: merchantCode, mode, reason: reasonOf(answer) })
  }
}

function outcomeOf(answer: WebhookAnswer, status: Outcome['status'], isOurFault: boolean): string {
  if (isOurFault) return 'not_sent'
  if (status === 'delivered') return 'acknowledged'
  return 'status' in answer ? 'refused' : 'unanswered'
}
