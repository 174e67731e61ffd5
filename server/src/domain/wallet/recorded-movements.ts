import { type ErrorCode, ServiceError } from '../../base/errors.ts'
import { isUuid, lowestUuidV7 } from '../../base/ids.ts'
import { repeatAfterCollision } from '../../db/collisions.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Approval, ApprovalKind } from '../approvals/approval-records.ts'
import { type ApprovalWish, askForApproval, mayNeedApproval } from '../approvals/asking.ts'
import { type ApprovalOwner, whyDenied } from '../approvals/decisions.ts'
import { type Context, type FreeContext, inTransaction } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import { doCommand, type LedgerCommand } from '../ledger/commands.ts'
import type { Actor } from '../merchants/actors.ts'
import { type DueTask, doDue } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  type Doer,
  type DoerRow,
  doerColumns,
  joinDoer,
  packRequestId,
  readDoer,
  unpackRequestId,
} from '../trail/trail.ts'

/**
 * A movement that a person writes down. It is recorded first, then posted under the id of its row, then marked. Whatever a
 * crash left `recorded` is finished later: the key of the posting is made from the id, so the money moves once. One that needs
 * a second person waits before that, and is `recorded` once it was approved.
 */
export interface RecordedMovement {
  /** The id of its ledger transaction, too. */
  readonly id: string
  readonly customerCode: string | null
  /** Named by the caller for ever: of movements that were not refused, one has it. */
  readonly reference: string
  readonly state: 'awaiting_approval' | 'recorded' | 'succeeded' | 'refused'
  /** The reason why nothing moved; null unless it was refused. */
  readonly refusal: string | null
  /** The approval that it waits for, or waited for. */
  readonly approvalId: string | null
  readonly by: Doer
  /** As whom the movement is posted, whoever posts it. */
  readonly actor: Actor | undefined
  readonly createdAt: Date
}

export interface RecordedRow extends DoerRow {
  id: string
  customer_code: string | null
  reference: string
  state: RecordedMovement['state']
  refusal: string | null
  approval_id: string | null
  actor_id: number | null
  request_id: Buffer | null
  created_at: Date
}

/** A table of recorded movements. */
export interface RecordedKind<Row extends RecordedRow, Movement extends RecordedMovement> {
  /** For messages: `pay-in`. */
  readonly noun: string
  /** The code of the refusal where there is none with an id. */
  readonly missing: ErrorCode
  readonly table: Sql
  /** What its approvals are called; of a kind without, nothing waits. */
  readonly approval?: ApprovalKind
  /** Its columns beside those of `RecordedRow`, of the table as `r`. */
  readonly columns: Sql
  /** Which of the rows, as `r`, share one namespace of references with a new row; default all of the tenant. */
  readonly namespace?: (tenant: Tenant) => Sql
  read(row: Row): Movement
  command(tenant: Tenant, movement: Movement): LedgerCommand
  /** Done once its money has moved, and before its row says so: after a crash once more. */
  posted?(context: FreeContext, tenant: Tenant, movement: Movement): Promise<void>
}

/** A call that records a movement posts it within this time. Then the background does. */
const ownTimeMs = 60_000

/** The columns of a new row that every kind has, and their values, in one order. */
export const newRowColumns = sql`merchant_id, mode, actor_id, request_id, due_at, created_at`
export function newRowValues(tenant: Tenant, now: Date): Sql {
  const { merchant, mode, actor } = tenant
  const requestId = actor === undefined ? null : packRequestId(actor.requestId)
  return sql`
    ${merchant.id}, ${mode}, ${actor?.id ?? null}::integer, ${requestId}::bytea,
    ${new Date(now.getTime() + ownTimeMs)}::timestamptz, ${now}::timestamptz
  `
}

/**
 * Writes the row of a new movement, unless its reference is in use. It waits where its wish needs a second person. An
 * `insert` without the last clauses, of the row with the id of the wish.
 */
export async function insertRecorded<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: FreeContext,
  tenant: Tenant,
  { table }: RecordedKind<Row, Movement>,
  { insert, wish }: { insert: Sql; wish: ApprovalWish },
): Promise<void> {
  const statement = sql`${insert} on conflict do nothing returning id`
  if (!(await mayNeedApproval(context, tenant, wish.currency))) {
    await context.db.query(statement)
    return
  }
  const write = () =>
    inTransaction(context, async (tx) => {
      const rows = await tx.db.query(statement)
      const approval = rows.length === 0 ? null : await askForApproval(tx, tenant, wish)
      if (approval === null) return
      await tx.db.query(sql`
        update ${table} set state = 'awaiting_approval', approval_id = ${approval.id}, due_at = null
        where merchant_id = ${tenant.merchant.id} and id = ${wish.subjectId}
      `)
    })
  await repeatAfterCollision([], write)
}

/** Lets movements of a kind go on, or ends them, when a second person has decided. */
export function approvalsOf<Row extends RecordedRow, Movement extends RecordedMovement>(
  kind: RecordedKind<Row, Movement>,
): ApprovalOwner {
  return {
    approve: (tx, tenant, { subjectId }) => {
      const dueAt = new Date(tx.clock.now().getTime() + ownTimeMs)
      return endWaiting(tx, tenant, {
        subjectId,
        set: sql`update ${kind.table} set state = 'recorded', due_at = ${dueAt}`,
      })
    },
    deny: (tx, tenant, approval) => {
      const set = sql`update ${kind.table} set state = 'refused', refusal = ${whyDenied(approval)}`
      return endWaiting(tx, tenant, { subjectId: approval.subjectId, set })
    },
    async carryOut(context, tenant, { subjectId }) {
      const movement = await getRecorded(context, tenant, kind, subjectId)
      if (movement.state === 'recorded') await postUnasked(context, tenant, kind, movement)
    },
  }
}

async function endWaiting(
  tx: Context,
  { merchant }: Tenant,
  { subjectId, set }: Pick<Approval, 'subjectId'> & { set: Sql },
): Promise<void> {
  const rows = await tx.db.query(sql`
    ${set} where merchant_id = ${merchant.id} and id = ${subjectId} and state = 'awaiting_approval' returning id
  `)
  if (rows.length === 0) throw new Error('a movement with a waiting approval does not wait')
}

/** Posts a movement for whose answer nobody waits: a refusal stands in its row. */
async function postUnasked<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: FreeContext,
  tenant: Tenant,
  kind: RecordedKind<Row, Movement>,
  movement: Movement,
): Promise<void> {
  await postRecorded(context, tenant, kind, movement).catch((error) => {
    if (!(error instanceof ServiceError && error.kept)) throw error
  })
}

/**
 * Posts a recorded movement, and answers it as it then is. Throws the ledger's refusal, which is final: the row is refused, and
 * its reference is free again.
 */
export async function postRecorded<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: FreeContext,
  tenant: Tenant,
  kind: RecordedKind<Row, Movement>,
  movement: Movement,
): Promise<Movement> {
  const { actor, id } = movement
  const { merchant, mode } = tenant
  const recorder: Tenant = actor === undefined ? { merchant, mode } : { merchant, mode, actor }
  const refusal = await doCommand(context, recorder, kind.command(tenant, movement)).then(
    () => null,
    (error) => {
      if (error instanceof ServiceError && error.kept) return error
      throw error
    },
  )
  if (refusal === null) await kind.posted?.(context, tenant, movement)
  await context.db.query(sql`
    update ${kind.table} set
      state = ${refusal === null ? 'succeeded' : 'refused'}, refusal = ${refusal?.message ?? null}::text, due_at = null
    where merchant_id = ${merchant.id} and id = ${id} and state = 'recorded'
  `)
  if (refusal !== null) throw refusal
  return getRecorded(context, tenant, kind, id)
}

/** The movement that has the reference; null where there is none, or where it was refused. */
export async function findRecorded<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: Context,
  tenant: Tenant,
  kind: RecordedKind<Row, Movement>,
  reference: string,
): Promise<Movement | null> {
  const isSame = kind.namespace?.(tenant) ?? sql`true`
  const [row] = await select(
    context,
    tenant,
    kind,
    sql`r.reference = ${reference} and r.state <> 'refused' and ${isSame}`,
  )
  return row ?? null
}

/** Of equal requests at once, each may find the row of another, which is refused before it is read. So often it writes its own. */
const insertTries = 10

/**
 * Writes the row of a new movement, and answers the one that has the reference then: of several at once, the row of the first counts
 * for all. Throws `busy`.
 *
 * @param insert writes the row, with a new id, unless the reference is in use
 */
export async function insertOrFind<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: Context,
  tenant: Tenant,
  { kind, reference }: { kind: RecordedKind<Row, Movement>; reference: string },
  insert: () => Promise<unknown>,
): Promise<Movement> {
  for (let time = 1; time <= insertTries; time++) {
    await insert()
    const movement = await findRecorded(context, tenant, kind, reference)
    if (movement !== null) return movement
  }
  const message = `The reference ${JSON.stringify(reference)} was in use at this moment; send the request again`
  throw new ServiceError('busy', message)
}

/** Throws the kind's refusal of an id that none has. */
export async function getRecorded<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: Context,
  tenant: Tenant,
  kind: RecordedKind<Row, Movement>,
  id: string,
): Promise<Movement> {
  const uuid = id.replace(/^txn_/, '')
  const [movement] = isUuid(uuid) ? await select(context, tenant, kind, sql`r.id = ${uuid}`) : []
  if (movement !== undefined) return movement
  throw new ServiceError(kind.missing, `There is no ${kind.noun} ${JSON.stringify(id)}`)
}

export interface RecordedFilter {
  readonly customer?: Pick<Customer, 'id'> | undefined
  readonly reference?: string | undefined
  /** The period in which they were recorded: the first instant, and the first that is no longer in it. */
  readonly from?: Date | undefined
  readonly until?: Date | undefined
}

/** Newest first, from those older than `before`, the refused ones too. */
export async function listRecorded<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: Context,
  tenant: Tenant,
  kind: RecordedKind<Row, Movement>,
  { customer, reference, from, until, before, limit }: RecordedFilter & { before: string | undefined; limit: number },
): Promise<Movement[]> {
  // The ids begin with the time: a period is a part of their index.
  const conditions = [
    customer === undefined ? nothing : sql`and r.customer_id = ${customer.id}`,
    reference === undefined ? nothing : sql`and r.reference = ${reference}`,
    from === undefined ? nothing : sql`and r.id >= ${lowestUuidV7(from)}::uuid`,
    until === undefined ? nothing : sql`and r.id < ${lowestUuidV7(until)}::uuid`,
    before === undefined ? nothing : sql`and r.id < ${before}::uuid`,
  ] as const
  const [ofCustomer, named, since, ended, older] = conditions
  const matching = sql`true ${ofCustomer} ${named} ${since} ${ended} ${older} order by r.id desc limit ${limit}`
  return select(context, tenant, kind, matching)
}

async function select<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: Context,
  tenant: Tenant,
  kind: RecordedKind<Row, Movement>,
  matching: Sql,
): Promise<Movement[]> {
  const rows = await context.db.query<Row>(sql`
    select r.id, c.code as customer_code, r.reference, r.state, r.refusal,
      ${kind.approval === undefined ? sql`null::uuid` : sql`r.approval_id`} as approval_id, r.actor_id, r.request_id, r.created_at,
      ${kind.columns}, ${doerColumns}
    from ${kind.table} r
    left join customers c on c.merchant_id = r.merchant_id and c.id = r.customer_id
    ${joinDoer(sql`r`)}
    where r.merchant_id = ${tenant.merchant.id} and r.mode = ${tenant.mode} and ${matching}
  `)
  return rows.map(kind.read)
}

/** What every kind of recorded movement has. */
export function readRecorded(row: RecordedRow): RecordedMovement {
  const { actor_id, request_id } = row
  return {
    id: row.id,
    customerCode: row.customer_code,
    reference: row.reference,
    state: row.state,
    refusal: row.refusal,
    approvalId: row.approval_id,
    by: readDoer(row),
    actor:
      actor_id === null || request_id === null ? undefined : { id: actor_id, requestId: unpackRequestId(request_id) },
    createdAt: row.created_at,
  }
}

/**
 * Refuses a movement that is not the one that was recorded under its reference. Throws `reference_taken`, naming the members
 * that differ.
 */
export function refuseOther(
  noun: string,
  recorded: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>> & { reference: string },
  isEqual: (one: unknown, other: unknown) => boolean,
): void {
  const others = Object.keys(wanted).filter((name) => !isEqual(recorded[name], wanted[name]))
  if (others.length === 0) return
  const message = `There is ${noun} with the reference ${JSON.stringify(wanted.reference)} and another ${others.map((name) => (name === 'customerCode' ? 'customer' : name)).join(', ')}; another ${noun.split(' ').at(-1)} needs another reference`
  throw new ServiceError('reference_taken', message, 'reference')
}

/** Finishes the recorded movements that a crash left, and answers how many. */
export function finishRecorded<Row extends RecordedRow, Movement extends RecordedMovement>(
  context: FreeContext,
  kind: RecordedKind<Row, Movement>,
  name: string,
): Promise<number> {
  const task: DueTask<FreeContext, object, string> = {
    name,
    table: kind.table,
    idType: sql`uuid`,
    open: sql`d.due_at is not null`,
    columns: sql`d.state`,
    async work(given, { tenant, id }) {
      await postUnasked(given, tenant, kind, await getRecorded(given, tenant, kind, id))
    },
  }
  return doDue(context, task)
}
