import { Type } from 'typebox'
import {
  type Approval,
  type ApprovalKind,
  type ApprovalNeed,
  type ApprovalStatus,
  approvalKinds,
  approvalNeeds,
  approvalStatuses,
  getApproval,
  listApprovals,
} from '../../../domain/approvals/approval-records.ts'
import { decideApproval, findObstacle } from '../../../domain/approvals/decisions.ts'
import type { Context } from '../../../domain/context.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { askBeforeApproval } from '../../../domain/payments/refund-settlements.ts'
import { refuseFoundMeanwhile } from '../../../domain/payments/reported-pay-ins.ts'
import { nameCheckOf } from '../../../domain/payouts/payee-names.ts'
import { findRecipients } from '../../../domain/payouts/payout-lists.ts'
import type { Recipient } from '../../../domain/payouts/recipients.ts'
import { callerOf, tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { freeText } from '../../http/schemas.ts'
import { doerSchema, renderDoer } from '../doer.ts'
import { idStepQuery, nextBeforeSchema, readIdStep } from '../names.ts'
import { nameCheckSchema, renderNameCheck } from '../payouts.ts'
import { date, nullableText, responses } from '../schemas.ts'
import { approvalSettingsSchema, type ShownSettings } from './approval-settings.ts'
import { payoutSettingsSchema, renderPayoutSettings } from './payout-settings.ts'

const tags = ['Approvals']
const id = '019aa8a2-3c41-7a10-9b1e-5d2c0f1a2b3c'

const kindSchema = Type.Unsafe<ApprovalKind>({
  type: 'string',
  enum: [...approvalKinds],
  description:
    'The kind of the thing that waits; approval_settings is a change of the limits themselves, payout_settings one of the settings of payouts',
  examples: ['adjustment'],
})
const statusSchema = Type.Unsafe<ApprovalStatus>({
  type: 'string',
  enum: [...approvalStatuses],
  examples: ['waiting'],
})

export const approvalSchema = Type.Object({
  id: Type.String({ examples: [id] }),
  kind: kindSchema,
  subjectId: Type.String({
    description: 'The id of the thing that waits, for instance of the adjustment',
    examples: ['019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'],
  }),
  status: statusSchema,
  customerId: Type.Union([Type.String(), Type.Null()], { examples: ['CUS_xnxdt6s1zg1f4nx'] }),
  amount: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Minor units; null for a thing that is no money',
    examples: [250000],
  }),
  currency: Type.Union([Type.String(), Type.Null()], { examples: ['ZAR'] }),
  reference: Type.Union([Type.String(), Type.Null()], { description: 'Of the thing', examples: ['ticket-4711'] }),
  needs: Type.Array(Type.Unsafe<ApprovalNeed>({ type: 'string', enum: [...approvalNeeds] }), {
    description:
      'Why it waits: its amount is over the limit, the sum of its asker and day is, its destination is new, the bank does not confirm the name of the payee, or a thing of this kind always waits',
    examples: [['amount']],
  }),
  direction: Type.Union([Type.String(), Type.Null()], {
    description: 'Of an adjustment: credit or debit',
    examples: ['credit'],
  }),
  source: Type.Union([Type.String(), Type.Null()], { description: 'Of a pay-in: how the payer paid' }),
  words: Type.Union([Type.String(), Type.Null()], {
    description: 'The reason or the description that the asker gave; null once the customer was erased',
    examples: ['Goodwill for a late delivery'],
  }),
  destination: Type.Union(
    [
      Type.Object({
        type: Type.String({ examples: ['bank_account'] }),
        bankCode: Type.String({ examples: ['058'] }),
        accountNumber: nullableText,
        accountName: nullableText,
        nameCheck: nameCheckSchema,
        recipientId: Type.String({ examples: ['RCP_2x5j67tnnw1t98k'] }),
      }),
      Type.Null(),
    ],
    { description: 'Of a payout: where the money goes; null once the customer was erased' },
  ),
  settings: Type.Union([Type.Object({ before: approvalSettingsSchema, after: approvalSettingsSchema }), Type.Null()], {
    description: 'Of a change of the limits: as they were, and as they are to be',
  }),
  payoutSettings: Type.Union(
    [Type.Object({ before: payoutSettingsSchema, after: payoutSettingsSchema }), Type.Null()],
    { description: 'Of a change of the settings of payouts: as they were, and as they are to be' },
  ),
  settlement: Type.Union(
    [
      Type.Object({
        outcome: Type.String({ examples: ['failed'] }),
        proof: nullableText,
        fee: Type.Union([Type.Integer(), Type.Null()]),
        book: Type.Boolean({ description: 'Whether the payout has ended otherwise here: its money moves once more' }),
      }),
      Type.Null(),
    ],
    { description: 'Of a payout or refund that is settled by hand: how a person has found it' },
  ),
  denial: Type.Union([Type.Literal('person'), Type.Literal('expired'), Type.Literal('withdrawn'), Type.Null()], {
    description: 'Of a denied one: a person denied it, nobody decided in time, or the thing has ended otherwise',
  }),
  reason: { ...nullableText, description: 'The words of the person who denied it' },
  by: doerSchema,
  decidedBy: Type.Union([doerSchema, Type.Null()], { description: 'Null while it waits, and for nobody in time' }),
  createdAt: date,
  expiresAt: date,
  decidedAt: Type.Union([date, Type.Null()]),
})

const retrievedSchema = Type.Object({
  ...approvalSchema.properties,
  obstacle: {
    ...nullableText,
    description:
      'Why the key that asks may not approve it, as a sentence; null where it may, and for what waits no longer',
  },
})

const params = Type.Object({ id: Type.String({ examples: [id] }) })

/** `/v1/approvals`: what waits for a second person. */
export const approvalRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/approvals',
    {
      scope: 'read',
      schema: {
        operationId: 'listApprovals',
        summary: 'List what waits or waited for a second person, newest first',
        tags,
        querystring: Type.Object({
          status: Type.Optional(statusSchema),
          kind: Type.Optional(kindSchema),
          mine: Type.Optional(
            Type.Boolean({ description: 'true: only what waits and this key may approve; default false' }),
          ),
          ...idStepQuery(id),
        }),
        response: responses(200, Type.Object({ data: Type.Array(approvalSchema), nextBefore: nextBeforeSchema }), 401),
      },
    },
    async (request) => {
      const { status, kind, mine = false, ...query } = request.query
      const step = readIdStep(query)
      const { apiKeyId } = callerOf(request)
      const filter = { status, kind, decidableBy: mine ? { apiKeyId } : undefined }
      const found = await listApprovals(context, tenantOf(request), filter, step)
      return {
        data: await renderApprovals(context, tenantOf(request), found),
        nextBefore: found.length < step.limit ? null : (found.at(-1)?.id ?? null),
      }
    },
  )

  routes.get(
    '/approvals/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'retrieveApproval',
        summary: 'Retrieve what waits or waited for a second person',
        tags,
        params,
        response: responses(200, retrievedSchema, 401, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const approval = await getApproval(context, tenant, request.params)
      const { apiKeyId } = callerOf(request)
      const obstacle = approval.status === 'waiting' ? await findObstacle(context, tenant, approval, apiKeyId) : null
      return { ...(await renderApproval(context, tenant, approval)), obstacle }
    },
  )

  routes.post(
    '/approvals/:id/approve',
    {
      scope: 'approve',
      once: 'in a transaction',
      repeatedTo: 'its key',
      preHandler: async (request) => {
        const [tenant, approval] = [tenantOf(request), request.params as { id: string }]
        await refuseFoundMeanwhile(context, tenant, approval)
        await askBeforeApproval(context, tenant, approval)
      },
      schema: {
        operationId: 'approveApproval',
        summary: 'Approve what another person has asked for: it is done once, as it was asked',
        description:
          'The key must belong to a person, and to another one than the key that asked. A key that has a maker in common with it is not another person’s.',
        tags,
        params,
        response: responses(200, approvalSchema, 401, 403, 404, 409),
      },
    },
    async (request, tx) => {
      const tenant = tenantOf(request)
      return renderApproval(tx, tenant, await decideApproval(tx, tenant, request.params, { status: 'approved' }))
    },
  )

  routes.post(
    '/approvals/:id/deny',
    {
      scope: 'approve',
      once: 'in a transaction',
      repeatedTo: 'its key',
      schema: {
        operationId: 'denyApproval',
        summary: 'Deny what waits for a second person: it is never done. The asker may withdraw it so',
        tags,
        params,
        body: Type.Object({ reason: Type.Optional(freeText(500, { examples: ['The ticket says 25, not 2500'] })) }),
        response: responses(200, approvalSchema, 401, 404, 409),
      },
    },
    async (request, tx) => {
      const { reason = null } = request.body
      const tenant = tenantOf(request)
      return renderApproval(tx, tenant, await decideApproval(tx, tenant, request.params, { status: 'denied', reason }))
    },
  )
}

interface Details {
  type?: string | null
  bankCode?: string | null
  recipientId?: string | null
  direction?: string
  source?: string
  words?: Record<string, string | null> | null
  outcome?: string | null
  fee?: number | null
  book?: string
  before?: unknown
  after?: unknown
}

/** With the name at the bank as it is known by now. */
export async function renderApproval(context: Context, tenant: Tenant, approval: Approval) {
  const [rendered] = await renderApprovals(context, tenant, [approval])
  return rendered as ReturnType<typeof render>
}

async function renderApprovals(context: Context, tenant: Tenant, approvals: readonly Approval[]) {
  const codes = approvals.flatMap(({ details }) => (details as Details).recipientId ?? [])
  const recipients = codes.length === 0 ? noRecipients : await findRecipients(context, tenant, codes)
  return approvals.map((approval) => render(approval, recipients))
}

const noRecipients: ReadonlyMap<string, Recipient> = new Map()

function render(approval: Approval, recipients: ReadonlyMap<string, Recipient>) {
  const { direction, source, words, outcome, fee = null, book } = approval.details as Details
  return {
    id: approval.id,
    kind: approval.kind,
    subjectId: approval.subjectId,
    status: approval.status,
    customerId: approval.customerCode,
    amount: approval.amount === null ? null : Number(approval.amount),
    currency: approval.currency,
    reference: approval.reference,
    needs: [...approval.needs],
    direction: direction ?? null,
    source: source ?? null,
    words: words?.reason ?? words?.description ?? null,
    destination: destinationOf(approval.details as Details, recipients),
    settings: changeOf(approval, 'approval_settings', (settings: ShownSettings) => settings),
    payoutSettings: changeOf(approval, 'payout_settings', renderPayoutSettings),
    // An erasure of a former version has removed the outcome.
    settlement: !outcome ? null : { outcome, proof: words?.proof ?? null, fee, book: book !== undefined },
    denial: approval.denial,
    reason: approval.reason,
    by: renderDoer(approval.by),
    decidedBy: approval.decidedBy === null ? null : renderDoer(approval.decidedBy),
    createdAt: approval.createdAt.toISOString(),
    expiresAt: approval.expiresAt.toISOString(),
    decidedAt: approval.decidedAt?.toISOString() ?? null,
  }
}

/** Of a change of settings; null for a thing of another kind. */
function changeOf<Settings, Rendered>(
  { kind, details }: Approval,
  changes: ApprovalKind,
  render: (settings: Settings) => Rendered,
): { before: Rendered; after: Rendered } | null {
  const { before, after } = details as Details
  if (kind !== changes || before === undefined || after === undefined) return null
  return { before: render(before as Settings), after: render(after as Settings) }
}

function destinationOf({ type, bankCode, recipientId, words }: Details, recipients: ReadonlyMap<string, Recipient>) {
  if (!type || !bankCode || !recipientId) return null
  const [accountNumber, accountName] = [words?.accountNumber ?? null, words?.name ?? null]
  const recipient = recipients.get(recipientId)
  const nameCheck = renderNameCheck(recipient === undefined ? null : nameCheckOf(recipient))
  return { type, bankCode, accountNumber, accountName, nameCheck, recipientId }
}
