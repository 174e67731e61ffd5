import { crc32 } from 'node:zlib'
import { type ErrorCode, ServiceError } from '../../base/errors.ts'
import type { Vault } from '../../base/vault.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import type { Db, Tx } from '../../db/database.ts'
import { oneAtATime } from '../../db/lanes.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import type { Mode } from '../merchants/tenant.ts'

/** A request that may come again: the caller's key, and what tells this request from another under the same key. */
export interface IdempotentRequest {
  key: string
  /** What is asked for, such as `POST /transfers`. */
  operation: string
  body: Record<string, unknown>
  fingerprint: Buffer
}

/** Whose key it is: keys of different tenants have nothing to do with each other. The operator's are under merchant 0. */
export interface KeyScope {
  merchantId: number
  mode: Mode
}

const wholeBytes = 16
const memberBytes = 6

/** Members that few values fit: their short hash would give them away to whoever reads the table. */
const secretMembers = /bvn|account|card|number|value|secret/i

/**
 * Sixteen bytes for the whole request, then six for each member of the body (two of its name, four of its value): enough
 * to know the same request again and to name what differs, without keeping the request. The whole is keyed, so that
 * nobody can try values against it. The members need no strong hash, they only choose words; nine of SHA-256 were a tenth
 * of what a transfer cost the server.
 */
export function fingerprintOf(vault: Vault, operation: string, body: Record<string, unknown>): Buffer {
  const given = Object.entries(body)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const members = given.filter(([name]) => !secretMembers.test(name))
  const fingerprint = Buffer.allocUnsafe(wholeBytes + memberBytes * members.length)
  vault.fingerprint(JSON.stringify([operation, given]), 'request').copy(fingerprint, 0, 0, wholeBytes)
  members.forEach(([name, value], i) => {
    fingerprint.writeUIntBE(fingerprintMember(name, value), wholeBytes + memberBytes * i, memberBytes)
  })
  return fingerprint
}

/** The refusal of a key that belongs to another request, naming the members that differ. */
export function keyReused(request: IdempotentRequest, stored: Buffer): ServiceError {
  const known = new Set<number>()
  for (let i = wholeBytes; i < stored.length; i += memberBytes) known.add(stored.readUIntBE(i, memberBytes))
  const changed = Object.entries(request.body)
    .filter(([name, value]) => value !== undefined && !secretMembers.test(name))
    .filter(([name, value]) => !known.has(fingerprintMember(name, value)))
    .map(([name]) => name)
  const difference = changed.length > 0 ? `another ${changed.join(', ')}` : 'other members or for another operation'
  const message = `The Idempotency-Key ${JSON.stringify(request.key)} was used with ${difference}; use a new key for a new request`
  return new ServiceError('idempotency_key_reused', message, changed[0])
}

/** How a caller's key is stored, apart from the keys Mteja makes for itself. */
export function storedKey(request: IdempotentRequest): string {
  return `caller/${request.key}`
}

/** Refusals that say nothing of the request, which may succeed when it comes again. */
const passing: ReadonlySet<ErrorCode> = new Set(['busy', 'internal', 'unauthorized', 'idempotency_key_reused'])

/**
 * Does `work` once for a key, however often it is asked: the answer is kept in the commit of what it did, encrypted, and
 * given again. Of two at once, the second waits for the first. A refusal is an answer too.
 *
 * @param work is given a service whose database is the open transaction; it must use no other
 * @throws ServiceError `idempotency_key_reused`, and what `work` throws
 */
export async function once<Answer>(
  service: Service,
  scope: KeyScope,
  request: IdempotentRequest,
  work: (service: Service) => Promise<Answer>,
): Promise<{ answer: Answer; replayed: boolean }> {
  try {
    const attempt = () =>
      service.db.transaction(async (tx) => {
        if (!(await claimKey(service, tx, scope, request, null))) return replay<Answer>(service, tx, scope, request)
        const answer = await work({ ...service, db: joinTransaction(service.db, tx) })
        await tx.query(sql`
          update idempotency_keys set answer = ${seal(service, { answer })}
          where merchant_id = ${scope.merchantId} and mode = ${scope.mode} and key = ${storedKey(request)}
        `)
        return { answer, replayed: false }
      })
    return await repeatAfterCollision([], attempt)
  } catch (error) {
    if (!(error instanceof ServiceError) || error.replayed || passing.has(error.code)) throw error
    // Nothing was done, so the refusal may be kept in a commit of its own; whoever was faster is right.
    const kept = await service.db.transaction(async (tx) => {
      const claimed = await claimKey(service, tx, scope, request, seal(service, { refusal: refusalOf(error) }))
      return claimed ? null : replay<Answer>(service, tx, scope, request)
    })
    if (kept !== null) return kept
    throw error
  }
}

/**
 * As `once`, for work that asks somebody outside, for which no transaction may wait: the key is claimed before and the
 * answer kept after it. So after a crash, and of two at once, both do the work, which must come to the same; the first to
 * finish has the answer.
 *
 * @throws ServiceError `idempotency_key_reused`, and what `work` throws
 */
export async function onceRepeatable<Answer>(
  service: Service,
  scope: KeyScope,
  request: IdempotentRequest,
  work: () => Promise<Answer>,
): Promise<{ answer: Answer; replayed: boolean }> {
  const known = await service.db.transaction(async (tx) =>
    (await claimKey(service, tx, scope, request, null)) ? null : recall<Answer>(service, tx, scope, request),
  )
  if (known !== null) return known
  const { remembered, refusal } = await attempt(work)
  const kept = await service.db.transaction(async (tx) => {
    const rows = await tx.query(sql`
      update idempotency_keys set answer = ${seal(service, remembered)}
      where merchant_id = ${scope.merchantId} and mode = ${scope.mode} and key = ${storedKey(request)}
        and answer is null
      returning key
    `)
    return rows.length > 0 ? null : replay<Answer>(service, tx, scope, request)
  })
  if (kept !== null) return kept
  if ('answer' in remembered) return { answer: remembered.answer, replayed: false }
  throw refusal
}

/** What to remember of the work: its answer, or a refusal that is one. */
async function attempt<Answer>(
  work: () => Promise<Answer>,
): Promise<{ remembered: Remembered<Answer>; refusal: ServiceError | null }> {
  try {
    return { remembered: { answer: await work() }, refusal: null }
  } catch (error) {
    if (!(error instanceof ServiceError) || passing.has(error.code)) throw error
    return { remembered: { refusal: refusalOf(error) }, refusal: error }
  }
}

function refusalOf({ code, message, field }: ServiceError) {
  return { code, message, ...(field === undefined ? {} : { field }) }
}

/** How long a key is remembered. */
const memoryMs = 30 * 24 * 60 * 60 * 1000
const forgottenAtOnce = 5_000

/** Forgets keys older than 30 days, some at a time, and answers how many. */
export async function forgetOldKeys(service: Service): Promise<number> {
  const before = new Date(service.clock.now().getTime() - memoryMs)
  const [row] = await service.db.query<{ forgotten: bigint }>(sql`
    select forget_idempotency_keys(${before}, ${forgottenAtOnce}) as forgotten
  `)
  return Number(row?.forgotten ?? 0)
}

type Remembered<Answer> = { answer: Answer } | { refusal: { code: ErrorCode; message: string; field?: string } }

async function claimKey(service: Service, tx: Tx, scope: KeyScope, request: IdempotentRequest, answer: Buffer | null) {
  const rows = await tx.query(sql`
    insert into idempotency_keys (merchant_id, mode, key, fingerprint, answer, created_at)
    values (
      ${scope.merchantId}, ${scope.mode}, ${storedKey(request)}, ${request.fingerprint}, ${answer}, ${service.clock.now()}
    )
    on conflict do nothing
    returning key
  `)
  return rows.length > 0
}

async function replay<Answer>(service: Service, tx: Tx, scope: KeyScope, request: IdempotentRequest) {
  const known = await recall<Answer>(service, tx, scope, request)
  if (known === null) throw keyReused(request, request.fingerprint)
  return known
}

/** What was answered to the request, or null while nothing was. Throws the refusal it was answered with. */
async function recall<Answer>(service: Service, tx: Tx, scope: KeyScope, request: IdempotentRequest) {
  const [row] = await tx.query<{ fingerprint: Buffer; answer: Buffer | null }>(sql`
    select fingerprint, answer from idempotency_keys
    where merchant_id = ${scope.merchantId} and mode = ${scope.mode} and key = ${storedKey(request)}
  `)
  if (row === undefined) throw new ServiceError('busy', 'The key was forgotten at this moment; send the request again')
  if (!row.fingerprint.equals(request.fingerprint)) throw keyReused(request, row.fingerprint)
  if (row.answer === null) return null
  const kept = JSON.parse(service.vault.open(row.answer, 'answer')) as Remembered<Answer>
  if ('answer' in kept) return { answer: kept.answer, replayed: true }
  const { code, message, field } = kept.refusal
  throw new ServiceError(code, message, field, { replayed: true })
}

function seal(service: Service, remembered: object): Buffer {
  return service.vault.seal(JSON.stringify(remembered), 'answer')
}

/** A database that is the open transaction: a transaction begun on it joins it. */
export function joinTransaction(db: Db, tx: Tx): Db {
  return {
    engine: db.engine,
    query: (statement) => tx.query(statement),
    transaction: (work) => work(tx),
    lane: () => oneAtATime(tx),
    close: async () => {},
  }
}

/** A number of six bytes. */
function fingerprintMember(name: string, value: unknown): number {
  return (crc32(name) & 0xffff) * 2 ** 32 + crc32(JSON.stringify(value))
}
