import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { afterCommit, type Context, type FreeContext, inTransaction, noteChange, type TxContext } from '../context.ts'
import { type DueTask, doDue } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { recordDeed } from '../trail/trail.ts'
import {
  type Approval,
  type ApprovalKind,
  type ApprovalName,
  findWaiting,
  getApproval,
  lockApproval,
} from './approval-records.ts'
import { recordApprovalEvent } from './asking.ts'
import { haveCommon, secondPersonOf } from './lineage.ts'

/** Whose things wait: the room that has the rows of a kind. */
export interface ApprovalOwner {
  /** Lets the thing go on, in the commit of the approval: from then on its own background work would finish it. */
  approve(tx: TxContext, tenant: Tenant, approval: Approval): Promise<void>
  /** Why the thing can no longer be done, as a sentence: it is then denied with it, whoever would approve. Default nothing. */
  findHindrance?(tx: TxContext, tenant: Tenant, approval: Approval): Promise<string | null>
  /** Ends the thing, in the commit of the denial. `whyDenied` has the words. */
  deny(tx: TxContext, tenant: Tenant, approval: Approval): Promise<void>
  /** Does at once, after the commit of the denial, what the background would do a little later. Default: there is nothing to do. */
  endDenied?(context: FreeContext, tenant: Tenant, approval: Approval): Promise<void>
  /** Does at once, after the commit, what the background would do a little later. Default: the background does it. */
  carryOut?(context: FreeContext, tenant: Tenant, approval: Approval): Promise<void>
}

/** Who has the things of each kind. */
export interface ApprovalChoice {
  readonly approvalOwners: Readonly<Record<ApprovalKind, ApprovalOwner>>
}

export type Decision = { readonly status: 'approved' } | { readonly status: 'denied'; readonly reason: string | null }

/**
 * Decides about a thing that waits, as the tenant's actor: it is approved or denied once, whoever decides at the same moment.
 * The same decision of the same person again answers the first. Only another person than the asker approves; everybody with the
 * scope may deny, the asker too. A thing that can no longer be done is denied with the reason, also where it is approved. Throws `approval_not_found`, `approval_decided` for one that was decided or has run out of
 * time, `another_person_needed` for an approver who is not another person.
 */
export async function decideApproval(
  tx: TxContext & ApprovalChoice,
  tenant: Tenant,
  name: ApprovalName,
  decision: Decision,
): Promise<Approval> {
  const approval = await lockApproval(tx, tenant, name)
  const decider = await readDecider(tx, tenant)
  if (approval.status !== 'waiting') {
    const { decidedBy } = approval
    const isSame =
      decidedBy !== null && (decidedBy.personId ?? decidedBy.apiKeyId) === (decider.personId ?? decider.apiKeyId)
    if (approval.status === decision.status && isSame) return approval
    throw decided(approval)
  }
  if (approval.expiresAt <= tx.clock.now()) throw decided(approval)
  const obstacle = decision.status === 'approved' ? await findObstacle(tx, tenant, approval, decider.apiKeyId) : null
  if (obstacle !== null) throw new ServiceError('another_person_needed', obstacle)
  return close(tx, tenant, approval, decision)
}

/**
 * Approves a thing that waits, whoever the tenant's actor is. For the sandbox, which pretends that another person did. Throws
 * `approval_not_found`, `approval_decided`.
 */
export async function approveUnchecked(
  tx: TxContext & ApprovalChoice,
  tenant: Tenant,
  name: ApprovalName,
): Promise<Approval> {
  const approval = await lockApproval(tx, tenant, name)
  if (approval.status === 'approved') return approval
  if (approval.status !== 'waiting' || approval.expiresAt <= tx.clock.now()) throw decided(approval)
  return close(tx, tenant, approval, { status: 'approved' })
}

/** The words of a thing that was denied. */
export function whyDenied({ denial, reason }: Pick<Approval, 'denial' | 'reason'>): string {
  if (reason !== null) return `It was denied: ${reason}`
  if (denial === 'expired') return 'Nobody approved it in time'
  return denial === 'withdrawn' ? 'It has ended before anybody decided' : 'It was denied'
}

/** Denies what nobody has decided in time, and answers how many. */
export function endUnapproved(context: FreeContext & ApprovalChoice): Promise<number> {
  const task: DueTask<FreeContext & ApprovalChoice, object, string> = {
    name: 'approvals',
    table: sql`approvals`,
    idType: sql`uuid`,
    open: sql`d.due_at is not null`,
    columns: sql`d.status`,
    work: (given, { tenant, id }) =>
      inTransaction(given, async (tx) => {
        const approval = await lockApproval(tx, tenant, { id })
        if (approval.status === 'waiting') await close(tx, tenant, approval, null)
      }),
  }
  return doDue(context, task)
}

/** Ends the approval of a thing that has ended by itself, if it still waits: nobody can approve it any more. */
export async function withdrawApproval(
  context: FreeContext,
  { merchant, mode }: Tenant,
  thing: Pick<Approval, 'kind' | 'subjectId'>,
): Promise<void> {
  const tenant = { merchant, mode }
  if ((await findWaiting(context, tenant, thing)) === null) return
  await inTransaction(context, async (tx) => {
    const approval = await lockApproval(tx, tenant, thing)
    if (approval.status === 'waiting') await recordEnd(tx, tenant, approval, null)
  })
}

/** @param decision null for nobody in time */
async function close(
  tx: TxContext & ApprovalChoice,
  tenant: Tenant,
  waiting: Approval,
  wanted: Decision | null,
): Promise<Approval> {
  const owner = tx.approvalOwners[waiting.kind]
  const isWanted = wanted?.status === 'approved'
  const hindrance = isWanted ? ((await owner.findHindrance?.(tx, tenant, waiting)) ?? null) : null
  const decision = hindrance === null ? wanted : ({ status: 'denied', reason: hindrance } as const)
  const approval = await recordEnd(tx, tenant, waiting, decision)
  if (approval.status !== 'approved') {
    await owner.deny(tx, tenant, approval)
    const { endDenied } = owner
    if (endDenied !== undefined) afterCommit(tx, (context) => endDenied(context, tenant, approval))
    return approval
  }
  await owner.approve(tx, tenant, approval)
  const { carryOut } = owner
  if (carryOut !== undefined) afterCommit(tx, (context) => carryOut(context, tenant, approval))
  return approval
}

async function recordEnd(
  tx: TxContext,
  tenant: Tenant,
  { id, kind, subjectId }: Approval,
  decision: Decision | null,
): Promise<Approval> {
  const { merchant, mode, actor = null } = tenant
  const status = decision?.status ?? 'denied'
  const reason = decision?.status === 'denied' ? decision.reason : null
  const [row] = await tx.db.query<{ customer_id: bigint | null }>(sql`
    update approvals set
      status = ${status}, reason = ${reason}::text, decided_actor_id = ${actor?.id ?? null}::integer,
      decided_at = ${tx.clock.now()}, due_at = null
    where merchant_id = ${merchant.id} and id = ${id} and status = 'waiting'
    returning customer_id
  `)
  const approval = await getApproval(tx, tenant, { id })
  const customer = row?.customer_id ?? null
  await recordApprovalEvent(tx, tenant, approval, customer === null ? null : { id: customer })
  const change = {
    object: id,
    before: { status: 'waiting' },
    after: { status, ...(approval.denial === null ? {} : { denial: approval.denial }), kind, subjectId },
  }
  if (actor === null) {
    const scope = { merchantId: merchant.id, mode }
    const action = approval.denial === 'withdrawn' ? 'withdrawApproval' : 'endUnapproved'
    await recordDeed(tx, scope, { actor, action, object: id }, [change])
  } else noteChange(tx, change)
  return approval
}

interface Decider {
  apiKeyId: string | null
  personId: string | null
}

/** The key of the tenant's actor, which cannot be revoked meanwhile. */
async function readDecider(tx: TxContext, { merchant, actor }: Tenant): Promise<Decider> {
  const [row] = await tx.db.query<{ id: string; person_id: string | null }>(sql`
    select k.id, k.person_id
    from actors a
    join api_keys k on k.merchant_id = a.merchant_id and k.id = a.api_key_id
    where a.merchant_id = ${merchant.id} and a.id = ${actor?.id ?? null}::integer
    for share of k
  `)
  return { apiKeyId: row?.id ?? null, personId: row?.person_id ?? null }
}

/**
 * Why a key may not approve a thing, as a sentence: it is not another person's than the asker's. Null where it may.
 *
 * @param apiKeyId null for a caller without a key
 */
export async function findObstacle(
  context: Context,
  tenant: Tenant,
  { lineage, by }: Approval,
  apiKeyId: string | null,
): Promise<string | null> {
  if (isNobodys(by)) {
    return 'It was asked for with a token of an outside issuer that names no key, so nobody can say which person stands behind it; deny it, and ask with a key, or with a token that names one in api_key_id'
  }
  const second = apiKeyId === null ? null : await secondPersonOf(context, tenant, apiKeyId)
  if (second === null) {
    return 'Only a person approves: the key must belong to a person, be valid and have the scope approve; ask with such a key'
  }
  if (lineage.people.includes(second.personId)) {
    return 'You have asked for it yourself; another person must approve it'
  }
  if (!haveCommon(lineage, second.lineage)) return null
  return 'This key and the key that asked have a maker in common, who knows both secrets; ask with a key that the operator made for a person'
}

/** A token without a key has no lineage: its human may have a key as well. */
function isNobodys({ issuer, apiKeyId }: Approval['by']): boolean {
  return issuer !== null && apiKeyId === null
}

function decided({ id, status, denial, expiresAt, decidedAt }: Approval): ServiceError {
  const name = JSON.stringify(id)
  if (denial === 'withdrawn') {
    const message = `The thing of ${name} has ended at ${decidedAt?.toISOString()}: nobody can decide about it any more`
    return new ServiceError('approval_decided', message)
  }
  if (status === 'waiting' || denial === 'expired') {
    return new ServiceError(
      'approval_decided',
      `Nobody approved ${name} until ${expiresAt.toISOString()}; ask for it again`,
    )
  }
  return new ServiceError('approval_decided', `The approval ${name} was ${status} at ${decidedAt?.toISOString()}`)
}
