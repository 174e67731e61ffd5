import { type Static, type TObject, Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Context } from '../../../domain/context.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import {
  type ChosenProcessor,
  type Direction,
  directions,
  listProcessors,
  type ProcessorAccount,
  type ProcessorName,
  processorNames,
  setProcessor,
} from '../../../domain/payments/processor-accounts.ts'
import { findPauses, type SendingPause } from '../../../domain/payments/sending-pauses.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readSeenAt } from '../../http/if-match.ts'
import { readInstant } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { date, listOf, nullableText, responses } from '../schemas.ts'

const tags = ['Processors']

const directionSchema = Type.Unsafe<Direction>({
  type: 'string',
  enum: [...directions],
  description: 'in: takes money from payers. out: sends it to banks',
  examples: ['in'],
})
const processorSchema = Type.Unsafe<ProcessorName>({
  type: 'string',
  enum: [...processorNames],
  description: 'manual is money that moves outside any API',
  examples: ['manual'],
})

/** Read by `readChosen`. */
export const directionParam = { direction: Type.String({ description: 'in or out', examples: ['in'] }) }

const onePauseSchema = Type.Object({
  cause: Type.Unsafe<SendingPause['cause']>({
    type: 'string',
    enum: ['unknown_here', 'started_paused', 'by_hand', 'by_operator'],
    description:
      'unknown_here: an account has something that was sent from here, and the database does not know it. ' +
      'started_paused: the server was started so. by_hand: the merchant has paused. by_operator: the operator has',
    examples: ['unknown_here'],
  }),
  reference: { ...nullableText, description: 'Of unknown_here: the account’s name of it' },
  pausedAt: date,
})

/** Why nothing is sent, as members of an answer. */
export const pauseMembers = {
  pause: Type.Union([onePauseSchema, Type.Null()], {
    description:
      'While it is set nothing is sent: no payout, no refund, no charge, no webhook. The oldest of the pauses. Null while sending goes on',
  }),
  pauses: Type.Array(onePauseSchema, {
    description: 'Each cause for which nothing is sent, the oldest first. Sending goes on when none is left',
    examples: [[]],
  }),
}

export const accountSchema = Type.Object({
  direction: directionSchema,
  processor: processorSchema,
  state: Type.Unsafe<ProcessorAccount['state']>({ type: 'string', enum: ['ready', 'failing'], examples: ['ready'] }),
  lastError: nullableText,
  lastErrorAt: Type.Union([date, Type.Null()]),
  keyHint: Type.Union([Type.String(), Type.Null()], { description: 'The last four characters of the secret key' }),
  cutOverAt: Type.Union([date, Type.Null()], {
    description: 'Nothing that the account took before is credited by itself',
  }),
  chosenAt: Type.Union([date, Type.Null()], { description: 'Null where nobody has chosen: the default' }),
  refusedKeys: Type.Array(
    Type.Object({
      keyHint: Type.Union([Type.String(), Type.Null()], { description: 'The last four characters of the secret key' }),
      lastError: nullableText,
      lastErrorAt: Type.Union([date, Type.Null()]),
      replacedAt: date,
      askedBy: Type.Union([Type.String(), Type.Null()], {
        description:
          'The hint of the key of the same account that asks instead; null where no key is known to be of the same account',
      }),
    }),
    {
      description:
        'Keys that were chosen before, and that their account refuses, while something that was sent by them may be open',
      examples: [[]],
    },
  ),
  ...pauseMembers,
})

/** A choice, without its direction and its mode. */
export const chosenProcessorBody = {
  processor: processorSchema,
  secretKey: Type.Optional(
    Type.String({
      maxLength: 200,
      description: 'For paystack: the secret key of the account, of the same mode',
      examples: ['sk_test_4Tt…'],
    }),
  ),
  cutOverAt: Type.Optional(
    Type.String({
      maxLength: 40,
      description: 'For paystack: nothing that the account took before is credited by itself; default now',
      examples: ['2026-11-30T00:00:00Z'],
    }),
  ),
}

export const choiceDescription =
  'The processor before stays responsible for everything that was sent by it. With the header `If-Match: "<chosenAt>"`, the ' +
  'time that you have read, a choice that somebody else has made meanwhile is not replaced: 412. Without it the last choice counts.'

/** `/v1/processors`: who takes the merchant's money from payers and sends it to banks, in the mode of the key. */
export const processorRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/processors',
    {
      scope: 'settings',
      schema: {
        operationId: 'listProcessors',
        summary: 'Show the processor of each direction, its state and its last error',
        tags,
        response: responses(200, listOf(accountSchema), 401),
      },
    },
    async (request) => ({ data: await listRendered(context, tenantOf(request)) }),
  )

  routes.put(
    '/processors/:direction',
    {
      scope: 'settings',
      once: 'in a transaction',
      schema: {
        operationId: 'setProcessor',
        summary: 'Choose the processor of a direction',
        description: choiceDescription,
        tags,
        params: Type.Object(directionParam),
        body: Type.Object(chosenProcessorBody),
        response: responses(200, accountSchema, 401, 403, 404, 412),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      const chosen = readChosen(tenant, request.params.direction, request.body)
      return setChosen(tx, tenant, { ...chosen, seenAt: readSeenAt(request) })
    },
  )
}

/** Throws `invalid_request`. */
export function readChosen(
  tenant: Tenant,
  direction: string,
  { cutOverAt, ...chosen }: Static<TObject<typeof chosenProcessorBody>>,
): ChosenProcessor {
  const known = directions.find((each) => each === direction)
  if (known !== undefined) {
    return { ...chosen, direction: known, cutOverAt: readInstant(tenant, cutOverAt, 'cutOverAt') }
  }
  const message = `The direction must be in or out, not ${JSON.stringify(direction)}`
  throw new ServiceError('invalid_request', message, 'direction')
}

/** Both directions, as they are shown. */
export async function listRendered(context: Context, tenant: Tenant) {
  const pauses = await findPauses(context, tenant)
  return (await listProcessors(context, tenant)).map((account) => renderAccount(account, pauses))
}

/** Chooses a processor, and shows it. Throws what `setProcessor` throws. */
export async function setChosen(tx: Parameters<typeof setProcessor>[0], tenant: Tenant, chosen: ChosenProcessor) {
  return renderAccount(await setProcessor(tx, tenant, chosen), await findPauses(tx, tenant))
}

export function renderPauses(found: readonly SendingPause[]) {
  const pauses = found.map((pause) => ({ ...pause, pausedAt: pause.pausedAt.toISOString() }))
  return { pause: pauses[0] ?? null, pauses }
}

function renderAccount(account: ProcessorAccount, pauses: readonly SendingPause[]) {
  return {
    direction: account.direction,
    processor: account.processor,
    state: account.state,
    lastError: account.lastError,
    lastErrorAt: account.lastErrorAt?.toISOString() ?? null,
    keyHint: account.hint,
    cutOverAt: account.cutOverAt?.toISOString() ?? null,
    chosenAt: account.chosenAt?.toISOString() ?? null,
    refusedKeys: account.refusedKeys.map(({ hint, lastError, lastErrorAt, replacedAt, askedBy }) => ({
      ...{ keyHint: hint, lastError, askedBy },
      lastErrorAt: lastErrorAt?.toISOString() ?? null,
      replacedAt: replacedAt.toISOString(),
    })),
    ...renderPauses(pauses),
  }
}
