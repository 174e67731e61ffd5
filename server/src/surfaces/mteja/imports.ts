import { Type } from 'typebox'
import {
  type Import,
  type ImportedKind,
  importedKinds,
  type Skip,
  type SkipReason,
  skipReasons,
} from '../../domain/imports/imports.ts'
import { doerSchema, renderDoer } from './doer.ts'
import { date, nullableText } from './schemas.ts'

const id = '019aa8a3-1c2d-7a4b-8c5d-6e7f0a1b2c3d'
export const skipId = '019aa8a3-1c2d-7a4b-8c5d-6e7f0a1b2c3e'

const kindSchema = Type.Unsafe<ImportedKind>({ type: 'string', enum: [...importedKinds], examples: ['customer'] })

const countSchema = Type.Object({
  kind: kindSchema,
  read: Type.Integer({ examples: [120] }),
  created: Type.Integer({ examples: [100] }),
  merged: Type.Integer({
    description: 'Were here before, and are known as the account’s from now on; payments that were given back since',
    examples: [12],
  }),
  unchanged: Type.Integer({ description: 'Were imported before', examples: [5] }),
  skipped: Type.Integer({ examples: [3] }),
  total: Type.Union([Type.Integer(), Type.Null()], {
    description: 'How many the account has; null while that is not known',
    examples: [120],
  }),
})

export const importSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  status: Type.Unsafe<Import['state']>({ type: 'string', enum: ['running', 'done'], examples: ['done'] }),
  stage: Type.Unsafe<Import['stage']>({
    type: 'string',
    enum: ['customer', 'dedicated_account', 'payment'],
    description: 'The list of the account that is read. Authorizations are read with their customers',
    examples: ['payment'],
  }),
  counts: Type.Array(countSchema),
  attempts: Type.Integer({ description: 'How often in a row the account could not be asked', examples: [0] }),
  failure: { ...nullableText, description: 'The last of these failures' },
  retryAt: Type.Union([date, Type.Null()], {
    description: 'The account is left alone until then; null for a failure that waiting does not mend',
  }),
  by: doerSchema,
  createdAt: date,
  finishedAt: Type.Union([date, Type.Null()]),
})

/** What a person reads of a reason. */
const sentences: Readonly<Record<SkipReason, string>> = {
  unreadable: 'A member of it cannot be read',
  other_mode: 'It is of the other mode',
  refused: 'It has a value that is refused here',
  erased: 'The person was erased here',
  deleted: 'The customer was deleted here',
  no_customer: 'It belongs to no customer',
  customer_skipped: 'Its customer was not imported',
  not_reusable: 'It may not be charged again',
  not_saved_here: 'Instruments of its kind are not saved here',
  expired: 'The card is no longer valid',
  closed: 'It is not in use any more',
  removed_here: 'It was taken from its customer here',
  number_taken: 'Another customer has the number here',
  bank_taken: 'The customer has another account at the bank here',
  not_paid: 'It was never paid',
  after_cut_over: 'It was paid after the cut-over, so its money is booked here and not imported',
  own: 'It is a payment of this service, or its money came here unasked and is booked',
  recorded_by_hand: 'A pay-in was recorded by hand under its reference',
  reference_taken: 'Another payment here has its reference',
}

export const skipSchema = Type.Object({
  id: Type.String({ examples: [skipId] }),
  kind: kindSchema,
  name: Type.String({
    description: 'The account’s name of it: a code, a number or a reference',
    examples: ['re4lyvq3s3'],
  }),
  reason: Type.Unsafe<SkipReason>({ type: 'string', enum: [...skipReasons], examples: ['not_paid'] }),
  message: Type.String({ examples: [sentences.not_paid] }),
  detail: { ...nullableText, description: 'The member that cannot be read, or the code of a refusal' },
})

export function renderImport(run: Import) {
  return {
    id: run.id,
    status: run.state,
    stage: run.stage,
    counts: importedKinds.map((kind) => ({ kind, ...run.counts[kind] })),
    attempts: run.attempts,
    failure: run.failure,
    retryAt: run.retryAt?.toISOString() ?? null,
    by: renderDoer(run.by),
    createdAt: run.createdAt.toISOString(),
    finishedAt: run.finishedAt?.toISOString() ?? null,
  }
}

export function renderSkip({ id, kind, name, reason, detail }: Skip) {
  return { id, kind, name, reason, message: sentences[reason], detail }
}
