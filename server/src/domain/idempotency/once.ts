import { ServiceError } from '../../base/errors.ts'
import { parseLossless } from '../../base/lossless-json.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import { argument, functionCall } from '../../db/function-call.ts'
import { sql } from '../../db/sql.ts'
import {
  type Change,
  type Context,
  doLater,
  type FreeContext,
  type InTransaction,
  inTransaction,
  type Later,
  type TxContext,
} from '../context.ts'
import { type Deed, recordDeed } from '../trail/trail.ts'
import { type Attempt, freshAttempt, repeatedAttempt } from './attempt.ts'
import { emailsPurpose, mentions } from './mentions.ts'
import { isRemembered } from './remembered.ts'
import { type IdempotentRequest, isFingerprintOf, type KeyScope, keyReused, storedKey } from './request.ts'

/**
 * The ways in which a request with a key is done once, and the thing that the work of each way is handed:
 * - `in the posting`: the request. The work hands it to a function of the database that does many calls in one commit
 *   (`doCommand`, `createCustomer`); the key is stored in that commit.
 * - `in a transaction`: a context inside a transaction. The key and the sealed answer are stored in the commit of the work.
 * - `around work outside`: an attempt. The key is stored before the work, the sealed answer after it. After a crash, and when
 *   the request comes twice at once, the work is done again, and must come to the same: it names by the attempt all that it makes.
 */
export interface Handed<Given extends FreeContext> {
  'in the posting': IdempotentRequest | null
  'in a transaction': InTransaction<Given>
  'around work outside': Attempt
}

export type Way = keyof Handed<FreeContext>

export interface Done<Answer> {
  answer: Answer
  /** The answer was given before, to the same request. */
  replayed: boolean
}

/** Only the database knows whether a posting was done before, so the work of that way says so. */
export type Work<Chosen extends Way, Given extends FreeContext, Answer> = (
  handed: Handed<Given>[Chosen],
) => Promise<Chosen extends 'in the posting' ? Done<Answer> : Answer>

/**
 * The one door for "once": does the work, however often the request comes with its key, and gives the same answer again. A
 * success is remembered, and so is a refusal for a reason of the domain (`isRemembered`). A request without a key is done.
 *
 * The deed is recorded in the trail, in the commit of the work. Work that asks somebody outside is recorded before it is
 * done, because a crash may end it half done, and once more after it with what it changed or why it was refused. A posting records the actor of its tenant itself.
 *
 * @throws ServiceError `idempotency_key_reused` for the key of another request; everything that the work throws
 */
export async function doOnce<Chosen extends Way, Given extends FreeContext, Answer>(
  context: Given,
  scope: KeyScope,
  { way, request, deed = null }: { way: Chosen; request: IdempotentRequest | null; deed?: Deed | null },
  work: Work<Chosen, Given, Answer>,
): Promise<Done<Answer>> {
  const doors: { [Each in Way]: (work: Work<Each, Given, Answer>) => Promise<Done<Answer>> } = {
    'in the posting': (posting) => oncePosted(context, scope, request, posting),
    'in a transaction': (joining) => onceInTransaction(context, scope, { request, deed }, joining),
    'around work outside': (asking) => onceAround(context, scope, { request, deed }, asking),
  }
  return doors[way](work)
}

/**
 * The posting itself sees to "once". Two kinds of keys are answered here: a key whose request was refused before it reached
 * the posting, for instance because it names a transaction that does not exist, and a key of a batch of the former release,
 * which sealed such answers. The second kind is to be dropped in the release after this one.
 */
async function oncePosted<Answer>(
  context: FreeContext,
  scope: KeyScope,
  request: IdempotentRequest | null,
  work: (request: IdempotentRequest | null) => Promise<Done<Answer>>,
): Promise<Done<Answer>> {
  try {
    return await work(request)
  } catch (error) {
    if (request === null || !(error instanceof ServiceError) || error.kept) throw error
    const isReused = error.code === 'idempotency_key_reused'
    if (!isReused && !isRemembered[error.code]) throw error
    const { isClaimed, known } = await inTransaction(context, async (tx) => {
      const isNew = !isReused && (await claimKey(tx, scope, request, seal(context, { refusal: refusalOf(error) })))
      return { isClaimed: isNew, known: isNew ? null : (await recall<Answer>(tx, scope, request)).known }
    })
    if (known !== null) return known
    if (isClaimed || isReused) throw error
    // The same request was posted at this moment, so its answer counts.
    return work(request)
  }
}

/** Of two at once, the second waits for the first. */
async function onceInTransaction<Given extends FreeContext, Answer>(
  context: Given,
  scope: KeyScope,
  { request, deed }: { request: IdempotentRequest | null; deed: Deed | null },
  undeeded: (tx: InTransaction<Given>) => Promise<Answer>,
): Promise<Done<Answer>> {
  const deeded = deed === null ? undeeded : recording(scope, deed, undeeded)
  let later: Later[] = []
  const work = (tx: InTransaction<Given>) => {
    later = []
    return deeded({ ...tx, later })
  }
  if (request === null) {
    const answer = await repeatAfterCollision([], () => inTransaction(context, work))
    await doLater(context, later)
    return { answer, replayed: false }
  }
  try {
    const attempt = () =>
      inTransaction(context, async (tx) => {
        if (!(await claimKey(tx, scope, request, null))) return replay<Answer>(tx, scope, request)
        const answer = await work(tx)
        await tx.db.query(sql`
          update idempotency_keys set answer = ${seal(context, { answer })}
          where merchant_id = ${scope.merchantId} and mode = ${scope.mode} and key = ${storedKey(request)}
        `)
        return { answer, replayed: false }
      })
    const done = await repeatAfterCollision([], attempt)
    await doLater(context, later)
    return done
  } catch (error) {
    if (!(error instanceof ServiceError) || error.replayed || !isRemembered[error.code]) throw error
    // Nothing was done, so the refusal may be stored in a commit of its own. If the same request was faster, its answer counts.
    const kept = await inTransaction(context, async (tx) => {
      const claimed = await claimKey(tx, scope, request, seal(context, { refusal: refusalOf(error) }))
      return claimed ? null : replay<Answer>(tx, scope, request)
    })
    if (kept !== null) return kept
    throw error
  }
}

/** The work, with its deed and the changes that it notes recorded in its transaction. */
function recording<Given extends FreeContext, Answer>(
  scope: KeyScope,
  deed: Deed,
  work: (tx: InTransaction<Given>) => Promise<Answer>,
): (tx: InTransaction<Given>) => Promise<Answer> {
  return async (tx) => {
    const changes: Change[] = []
    const answer = await work({ ...tx, changes })
    await recordDeed(tx, scope, { ...deed, object: deed.object ?? objectOf(answer) }, changes)
    return answer
  }
}

/** The name of the thing that an answer is about, in the form of any surface. */
function objectOf(answer: unknown): string | null {
  const { data, ...whole } = (answer ?? {}) as Record<string, unknown>
  const { id, reference, customer_code, recipient_code } = { ...whole, ...(data as object | null | undefined) }
  const name = customer_code ?? recipient_code ?? id ?? reference
  return typeof name === 'string' || typeof name === 'number' || typeof name === 'bigint' ? String(name) : null
}

/**
 * Of two at once, both do the work; the answer of the first to finish counts. A request that is refused before anything was
 * done leaves its key free, as on the other ways.
 */
async function onceAround<Answer>(
  context: FreeContext,
  scope: KeyScope,
  { request, deed }: { request: IdempotentRequest | null; deed: Deed | null },
  work: (attempt: Attempt) => Promise<Answer>,
): Promise<Done<Answer>> {
  const tell = (given: Context, changes: readonly Change[]) =>
    deed === null || changes.length === 0 ? undefined : recordDeed(given, scope, deed, changes)
  const refusedBy = (error: unknown): Change[] =>
    error instanceof ServiceError && !error.replayed
      ? [{ object: deed?.object ?? null, after: { refused: error.code } }]
      : []
  if (request === null) {
    if (deed !== null) await recordDeed(context, scope, deed, [])
    const attempt = freshAttempt(context)
    try {
      const answer = await work(attempt)
      await tell(context, attempt.changes)
      return { answer, replayed: false }
    } catch (error) {
      await tell(context, refusedBy(error))
      throw error
    }
  }
  const begun = await inTransaction(context, async (tx) => {
    const isFirst = await claimKey(tx, scope, request, null)
    if (isFirst && deed !== null) await recordDeed(tx, scope, deed, [])
    return { isFirst, ...(await recall<Answer>(tx, scope, request)) }
  })
  if (begun.known !== null) return begun.known
  const attempt = repeatedAttempt(context, scope, storedKey(request), begun.claimedAt)
  const { remembered, refusal } = await tryWork(() => work(attempt)).catch(async (error) => {
    await tell(context, refusedBy(error))
    // An earlier try may have done something, so only the call that took the key frees it.
    if (begun.isFirst && doneNothing(error)) await freeKey(context, scope, request)
    throw error
  })
  const kept = await inTransaction(context, async (tx) => {
    const rows = await tx.db.query(sql`
      update idempotency_keys set answer = ${seal(tx, remembered)}
      where merchant_id = ${scope.merchantId} and mode = ${scope.mode} and key = ${storedKey(request)}
        and answer is null
      returning key
    `)
    // The key is not there if the same request, at the same time, was refused and has freed it.
    const isKept = rows.length > 0 || (await claimKey(tx, scope, request, seal(tx, remembered)))
    if (!isKept) return replay<Answer>(tx, scope, request)
    await tell(tx, refusal === null ? attempt.changes : refusedBy(refusal))
    return null
  })
  if (kept !== null) return kept
  if ('answer' in remembered) return { answer: remembered.answer, replayed: false }
  throw refusal
}

/** Whether work was refused before it did anything. After any other failure it may have been done in part. */
function doneNothing(error: unknown): boolean {
  return error instanceof ServiceError && error.code !== 'busy' && error.code !== 'internal'
}

async function freeKey(context: FreeContext, scope: KeyScope, request: IdempotentRequest): Promise<void> {
  await context.db.query(sql`
    select ${functionCall('free_idempotency_key', {
      p_merchant_id: argument('integer', scope.merchantId),
      p_mode: argument('text', scope.mode),
      p_key: argument('text', storedKey(request)),
      p_fingerprint: argument('bytea', request.fingerprint),
    })}
  `)
}

type Remembered<Answer> = { answer: Answer } | { refusal: Refusal }
type Refusal = Pick<ServiceError, 'code' | 'message'> & { field?: string }

/** The answer of the work, or its refusal where that is remembered. */
async function tryWork<Answer>(
  work: () => Promise<Answer>,
): Promise<{ remembered: Remembered<Answer>; refusal: ServiceError | null }> {
  try {
    return { remembered: { answer: await work() }, refusal: null }
  } catch (error) {
    if (!(error instanceof ServiceError) || !isRemembered[error.code]) throw error
    return { remembered: { refusal: refusalOf(error) }, refusal: error }
  }
}

function refusalOf({ code, message, field }: ServiceError): Refusal {
  return { code, message, ...(field === undefined ? {} : { field }) }
}

async function claimKey(tx: TxContext, scope: KeyScope, request: IdempotentRequest, answer: Buffer | null) {
  const rows = await tx.db.query(sql`
    insert into idempotency_keys (merchant_id, mode, key, fingerprint, answer, created_at)
    values (
      ${scope.merchantId}, ${scope.mode}, ${storedKey(request)}, ${request.fingerprint}, ${answer}, ${tx.clock.now()}
    )
    on conflict do nothing
    returning key
  `)
  return rows.length > 0
}

/** The answer that was given to the request. A key without an answer belongs to a posting, which is another request. */
async function replay<Answer>(tx: TxContext, scope: KeyScope, request: IdempotentRequest): Promise<Done<Answer>> {
  const { known } = await recall<Answer>(tx, scope, request)
  if (known === null) throw keyReused(request, request.fingerprint)
  return known
}

interface RememberedRow {
  fingerprint: Buffer
  answer: Buffer | null
  snapshot: string | null
  created_at: Date
  /** The erasures under way, as JSON; null where there is none. */
  erasures: string | null
}

/**
 * The answer that was given to the request, null while there is none. Throws the refusal with which it was answered. An answer
 * about a customer who is being erased is not given: the steps of the erasure may not have come to it yet.
 */
async function recall<Answer>(tx: TxContext, scope: KeyScope, request: IdempotentRequest) {
  // One statement, so that the answer and the erasures are of one moment.
  const [row] = await tx.db.query<RememberedRow>(sql`
    select k.fingerprint, k.answer, k.snapshot::text, k.created_at, e.erasures
    from idempotency_keys k
    left join lateral (
      select json_agg(json_build_object('code', c.code, 'emails', encode(x.emails, 'base64')))::text as erasures
      from erasures x
      join customers c on c.merchant_id = x.merchant_id and c.id = x.id
      where x.merchant_id = k.merchant_id and x.mode = k.mode and x.erased_at is null
        and (k.answer is not null or k.snapshot is not null)
    ) e on true
    where k.merchant_id = ${scope.merchantId} and k.mode = ${scope.mode} and k.key = ${storedKey(request)}
  `)
  if (row === undefined) throw new ServiceError('busy', 'The key was forgotten at this moment; send the request again')
  if (!isFingerprintOf(request, row.fingerprint)) throw keyReused(request, row.fingerprint)
  const text = textOf(tx, row)
  if (row.erasures !== null) refuseErased(tx, text, JSON.parse(row.erasures))
  const claimedAt = row.created_at
  if (row.answer === null) return { known: null, claimedAt }
  const kept = parseLossless(text) as Remembered<Answer>
  if ('answer' in kept) return { known: { answer: kept.answer, replayed: true }, claimedAt }
  const { code, message, field } = kept.refusal
  throw new ServiceError(code, message, field, { replayed: true })
}

/** The text of an answer, empty where none is stored. */
function textOf({ vault }: Context, { answer, snapshot }: Pick<RememberedRow, 'answer' | 'snapshot'>): string {
  return answer === null ? (snapshot ?? '') : vault.open(answer, 'answer')
}

/** Throws the refusal that will take the place of the answer. */
function refuseErased(
  { vault }: Context,
  text: string,
  erasures: readonly { code: string; emails: string | null }[],
): void {
  for (const { code, emails } of erasures) {
    const known = emails === null ? [] : JSON.parse(vault.open(Buffer.from(emails, 'base64'), emailsPurpose))
    if (!mentions(code, known)(text) || isOfErasure(text)) continue
    throw new ServiceError('customer_not_found', `There is no customer "${code}"`, undefined, { replayed: true })
  }
}

/** Whether the text is the answer of a call that asked for an erasure: it has a code and times, and is given again. */
function isOfErasure(text: string): boolean {
  const { answer } = JSON.parse(text) as { answer?: object }
  return (
    Object.keys(answer ?? {})
      .sort()
      .join() === 'customerId,erasedAt,startedAt'
  )
}

function seal(context: Context, remembered: object): Buffer {
  return context.vault.seal(JSON.stringify(remembered), 'answer')
}

/**
 * Looks at the next `limit` remembered answers of a tenant, in the order of their keys. In the place of an answer whose text
 * `isAbout` somebody, `refusal` is remembered, so that the request is not done again. Answers the last key that was looked
 * at, null at the end.
 */
export async function eraseAnswers(
  tx: TxContext,
  { merchantId, mode }: KeyScope,
  { after, limit }: { after: string | null; limit: number },
  { isAbout, refusal }: { isAbout: (text: string) => boolean; refusal: ServiceError },
): Promise<string | null> {
  // The condition is that of the index idempotency_keys_texts, in the same words.
  const rows = await tx.db.query<{ key: string; answer: Buffer | null; snapshot: string | null }>(sql`
    select k.key, k.answer, k.snapshot::text from idempotency_keys k
    where k.merchant_id = ${merchantId} and k.mode = ${mode} and (k.answer is not null or k.snapshot is not null)
      and (${after}::text is null or k.key > ${after})
    order by k.key
    limit ${limit}
  `)
  const isPersonal = (text: string) => isAbout(text) && !isOfErasure(text)
  for (const row of rows.filter((each) => isPersonal(textOf(tx, each)))) {
    await tx.db.query(sql`
      select erase_answer(${merchantId}, ${mode}, ${row.key}, ${seal(tx, { refusal: refusalOf(refusal) })})
    `)
  }
  return rows.length < limit ? null : (rows.at(-1)?.key ?? null)
}

/** Forgets keys older than some days, at most `limit` of them, and answers how many. */
export async function forgetOldKeys(
  context: Context,
  { days, limit }: { days: number; limit: number },
): Promise<number> {
  const before = new Date(context.clock.now().getTime() - days * 24 * 60 * 60 * 1000)
  const [row] = await context.db.query<{ forgotten: bigint }>(sql`
    select forget_idempotency_keys(${before}, ${limit}) as forgotten
  `)
  return Number(row?.forgotten ?? 0)
}
