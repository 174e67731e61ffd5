/** A change that no test can find, and why. */
export interface Equivalent {
  /** Below `server`. */
  file: string
  before: string
  after: string
  why: string
}

const post = 'db/functions/post_commands.sql'
const open = 'db/functions/open_missing_accounts.sql'
const commands = 'src/domain/ledger/commands.ts'
const idempotency = 'src/domain/idempotency/once.ts'
const request = 'src/domain/idempotency/request.ts'
const money = 'src/base/money.ts'
const apiKeys = 'src/domain/merchants/api-keys.ts'
const tokens = 'src/domain/merchants/tokens.ts'
const refunds = 'src/domain/payments/refunds.ts'
const refundEnding = 'src/domain/payments/refund-ending.ts'
const refundLooks = 'src/domain/payments/refund-looks.ts'
const refundSettlements = 'src/domain/payments/refund-settlements.ts'
const disputeBookings = 'src/domain/payments/dispute-bookings.ts'
const disputeTurns = 'src/domain/payments/dispute-turns.ts'
const disputeHolds = 'src/domain/payments/dispute-holds.ts'
const settling = 'src/domain/payments/settling.ts'
const disputedMoney = 'src/domain/payments/disputed-money.ts'
const disputeReports = 'src/domain/payments/dispute-reports.ts'
const disputedSuspense = 'src/domain/payments/disputed-suspense.ts'
const advancing = 'src/domain/payouts/advancing.ts'
const payoutEnding = 'src/domain/payouts/payout-ending.ts'
const payoutSending = 'src/domain/payouts/payout-sending.ts'
const payoutDecisions = 'src/domain/payouts/payout-decisions.ts'
const authentication = 'src/surfaces/http/authentication.ts'
const owesNothing = 'Takes the steps of a debt, and finds that nothing is lent and nothing owed: it only costs time.'
const opensNothing = 'Looks once more for what is missing, and opens nothing: it only costs time.'
const opensAgain = 'An account that is there already is not opened again: only numbers are lost.'
const looksForNothing = 'Looks for nothing in an empty list: it only costs time.'
const equalAmounts = 'Of two equal amounts either is the smaller.'
const patience = 'How long is a matter of patience.'

export const equivalents: readonly Equivalent[] = [
  {
    file: apiKeys,
    before: 'const lastEnd = soonerOf(maker?.expiresAt ?? null, replaced?.expiresAt ?? null)',
    after: 'const lastEnd = soonerOf(maker?.expiresAt, replaced?.expiresAt ?? null)',
    why: 'Undefined is sooner than no date, so the other end is answered as for null.',
  },
  {
    file: apiKeys,
    before: 'return one < other ? one : other',
    after: 'return one <= other ? one : other',
    why: 'Of two equal ends either is the sooner.',
  },
  {
    file: apiKeys,
    before: 'await refuseMightier(tx, merchant, personId, { personId: key?.personId ?? null, scopes: asking.scopes })',
    after: 'await refuseMightier(tx, merchant, personId, { personId: key?.personId, scopes: asking.scopes })',
    why: 'Neither null nor undefined is the person.',
  },
  {
    file: 'src/domain/merchants/key-holders.ts',
    before: 'select 1 from api_keys',
    after: 'select 2 from api_keys',
    why: 'Rows are counted, not read.',
  },
  {
    file: tokens,
    before: 'timeoutDuration: 5_000,',
    after: 'timeoutDuration: 5001,',
    why: 'How long an issuer may take is a matter of patience.',
  },
  ...[
    "if (outside === undefined && remoteKeys === undefined) throw new Error('no outside issuer is configured')",
    '',
  ].map((after) => ({
    file: tokens,
    before: "if (outside === undefined || remoteKeys === undefined) throw new Error('no outside issuer is configured')",
    after,
    why: 'Only a token of the configured issuer comes here, and both are set with it.',
  })),
  {
    file: tokens,
    before: "if (row === undefined) throw new ServiceError('internal', 'there is no signing key')",
    after: '',
    why: 'A key has just been stored, by this server or by another one.',
  },
  {
    file: tokens,
    before: 'const id = randomCode(context.random, 20)',
    after: 'const id = randomCode(context.random, 21)',
    why: 'An id of any length tells the keys apart.',
  },
  ...["app.decorateRequest('caller', null)", "app.decorateRequest('actor', null)"].map((before) => ({
    file: authentication,
    before,
    after: '',
    why: 'Each request of a surface sets the member before it is read: it only gives all requests one shape.',
  })),
  {
    file: post,
    before: 'exit when attempt = 2 or not v_missing;',
    after: 'exit when attempt = 2 and not v_missing;',
    why: opensNothing,
  },
  {
    file: post,
    before: 'exit when attempt = 2 or not v_missing;',
    after: 'exit when attempt = 3 or not v_missing;',
    why: opensNothing,
  },
  {
    file: post,
    before: 'exit when attempt = 2 or not v_missing;',
    after: 'null;',
    why: opensNothing,
  },
  {
    file: post,
    before: 'if cardinality(p_hold_ids) > 0 then',
    after: 'if cardinality(p_hold_ids) >= 0 then',
    why: looksForNothing,
  },
  {
    file: post,
    before: 'if cardinality(p_original_ids) > 0 then',
    after: 'if cardinality(p_original_ids) >= 0 then',
    why: looksForNothing,
  },
  {
    file: open,
    before: 'and a.currency = n.currency and a.party_id = coalesce(n.party, 0) and a.customer_id is null',
    after: 'and a.currency = n.currency and a.party_id = coalesce(n.party, 0) and a.customer_id is not null',
    why: opensAgain,
  },
  {
    file: open,
    before: 'and a.currency = n.currency and a.party_id = coalesce(n.party, 0) and a.customer_id is null',
    after: 'and a.currency = n.currency and a.party_id = n.party and a.customer_id is null',
    why: opensAgain,
  },
  {
    file: open,
    before: 'and a.currency = n.currency and a.party_id = coalesce(n.party, 0) and a.customer_id is null',
    after: 'and a.currency = n.currency and a.party_id = coalesce(n.party, 1) and a.customer_id is null',
    why: opensAgain,
  },
  {
    file: open,
    before: ') own on true',
    after: ') own on false',
    why: opensAgain,
  },
  {
    file: post,
    before:
      'select o.amount from refund_totals o where o.merchant_id = p_merchant_id and o.transaction_id = n.id limit 1',
    after: 'select o.amount from refund_totals o where o.transaction_id = n.id limit 1',
    why: 'Ids of transactions are UUIDs, of which no two merchants have the same; the merchant is there for the index.',
  },
  {
    file: post,
    before: 'case when v_lent > 0 or v_owed[v_from] > 0 or v_owed[v_to] > 0 then c_steps else c_own_step end',
    after: 'case when v_lent >= 0 or v_owed[v_from] > 0 or v_owed[v_to] > 0 then c_steps else c_own_step end',
    why: owesNothing,
  },
  {
    file: post,
    before: 'case when v_lent > 0 or v_owed[v_from] > 0 or v_owed[v_to] > 0 then c_steps else c_own_step end',
    after: 'case when v_lent > 0 or v_owed[v_from] >= 0 or v_owed[v_to] > 0 then c_steps else c_own_step end',
    why: owesNothing,
  },
  {
    file: post,
    before: 'case when v_lent > 0 or v_owed[v_from] > 0 or v_owed[v_to] > 0 then c_steps else c_own_step end',
    after: 'case when v_lent > 0 or v_owed[v_from] > 0 or v_owed[v_to] >= 0 then c_steps else c_own_step end',
    why: owesNothing,
  },
  {
    file: post,
    before: 'where h.merchant_id = p_merchant_id and h.id = u.id and u.touched;',
    after: 'where h.id = u.id and u.touched;',
    why: 'Ids of holds are UUIDs as well.',
  },
  {
    file: post,
    before: 'if v_transfers > v_first_transfer then',
    after: 'if v_transfers >= v_first_transfer then',
    why: 'Only spares writing the number that is there.',
  },
  {
    file: commands,
    before: 'const ownFingerprint = Buffer.alloc(0)',
    after: 'const ownFingerprint = Buffer.alloc(1)',
    why: 'Only compared with itself.',
  },
  {
    file: commands,
    before: 'this.customers.push(account.customer ?? null)',
    after: 'this.customers.push(account.customer)',
    why: 'The driver writes null for both.',
  },
  {
    file: commands,
    before: 'refusal: snapshot.refusals[i] ?? null,',
    after: 'refusal: snapshot.refusals[i],',
    why: 'There is a refusal, or null, for each id.',
  },
  {
    file: commands,
    before:
      "p_details: list('text', (each) => ('details' in each && each.details ? JSON.stringify(each.details) : null)),",
    after:
      "p_details: list('text', (each) => ('details' in each || each.details ? JSON.stringify(each.details) : null)),",
    why: 'Details are an object or left out, and the driver writes null for undefined.',
  },
  {
    file: commands,
    before: "p_event_types: list('text', (each) => each.event?.type ?? null),",
    after: "p_event_types: list('text', (each) => each.event?.type),",
    why: 'The driver writes null for both.',
  },
  {
    file: request,
    before: '.sort(([a], [b]) => (a < b ? -1 : 1))',
    after: '.sort(([a], [b]) => (a <= b ? -1 : 1))',
    why: 'No two members have one name, and of an order only the sign counts.',
  },
  {
    file: request,
    before: '.sort(([a], [b]) => (a < b ? -1 : 1))',
    after: '.sort(([a], [b]) => (a < b ? -2 : 1))',
    why: 'No two members have one name, and of an order only the sign counts.',
  },
  {
    file: request,
    before: '.sort(([a], [b]) => (a < b ? -1 : 1))',
    after: '.sort(([a], [b]) => (a < b ? -1 : 2))',
    why: 'No two members have one name, and of an order only the sign counts.',
  },
  {
    file: idempotency,
    before: 'return Number(row?.forgotten ?? 0)',
    after: 'return Number(row?.forgotten)',
    why: 'A function always answers a row.',
  },
  {
    file: idempotency,
    before: 'return Number(row?.forgotten ?? 0)',
    after: 'return Number(row?.forgotten ?? 1)',
    why: 'A function always answers a row.',
  },
  {
    file: request,
    before: 'return (crc32(name) & 0xffff) * 2 ** 32 + crc32(JSON.stringify(value))',
    after: 'return (crc32(name) & 0xffff) * 2 ** 32 - crc32(JSON.stringify(value))',
    why: 'Another number, as good to tell members by.',
  },
  {
    file: money,
    before: "const text = String(amount < 0n ? -amount : amount).padStart(digits + 1, '0')",
    after: "const text = String(amount <= 0n ? -amount : amount).padStart(digits + 1, '0')",
    why: 'Nothing is nothing with either sign.',
  },
  {
    file: money,
    before: "const text = String(amount < 0n ? -amount : amount).padStart(digits + 1, '0')",
    after: "const text = String(amount < 1n ? -amount : amount).padStart(digits + 1, '0')",
    why: 'Nothing is nothing with either sign.',
  },
  {
    file: refundEnding,
    before: "if (!(error instanceof ServiceError && error.kept) || owner.kind === 'merchant_balance') throw error",
    after: "if (!(error instanceof ServiceError || error.kept) || owner.kind === 'merchant_balance') throw error",
    why: 'Every refusal of a booking is kept, and no other error has the member.',
  },
  {
    file: refundSettlements,
    before: 'requireOpen(known)',
    after: '',
    why: 'It is refused as well once its account was asked.',
  },
  ...[
    ['const ownTimeMs = 30_000', 'const ownTimeMs = 30001'],
    [
      'const absentMs = { sinceAsked: 60_000, sinceAbsent: 5_000 }',
      'const absentMs = { sinceAsked: 60001, sinceAbsent: 5_000 }',
    ],
    [
      'const absentMs = { sinceAsked: 60_000, sinceAbsent: 5_000 }',
      'const absentMs = { sinceAsked: 60_000, sinceAbsent: 5001 }',
    ],
    ['const unknownMs = 60 * 60 * 1000', 'const unknownMs = 61 * 60 * 1000'],
    ['const unknownMs = 60 * 60 * 1000', 'const unknownMs = 60 * 61 * 1000'],
    ['const unknownMs = 60 * 60 * 1000', 'const unknownMs = 60 * 60 * 1001'],
    [
      'if (charge !== null) return reserve(context, tenant, { ...input, ...giving, original, charge, waitMs: 0 }, request)',
      'if (charge !== null) return reserve(context, tenant, { ...input, ...giving, original, charge, waitMs: 1 }, request)',
    ],
  ].map(([before = '', after = '']) => ({ file: refunds, before, after, why: patience })),
  ...[
    ['const firstLookMs = 2_000', 'const firstLookMs = 2001'],
    ['const unknownLookMs = 10_000', 'const unknownLookMs = 10001'],
    ['const silentLookMs = 30_000', 'const silentLookMs = 30001'],
    ['const lastLookMs = 60 * 60 * 1000', 'const lastLookMs = 61 * 60 * 1000'],
    ['const lastLookMs = 60 * 60 * 1000', 'const lastLookMs = 60 * 61 * 1000'],
    ['const lastLookMs = 60 * 60 * 1000', 'const lastLookMs = 60 * 60 * 1001'],
  ].map(([before = '', after = '']) => ({ file: refundLooks, before, after, why: patience })),
  ...[
    ['payout-places', 'if (codes.length === 0) return new Map()'],
    ['payout-making', 'if (ids.length === 0) return []'],
    ['payout-making', 'if (ids.length === 0) return new Set()'],
  ].map(([name = '', before = '']) => ({
    file: `src/domain/payouts/${name}.ts`,
    before,
    after: '',
    why: looksForNothing,
  })),
  {
    file: 'src/domain/payouts/payout-making.ts',
    before:
      'const replayed = outcomes.flatMap((each) => (each instanceof ServiceError || !each.replayed ? [] : each.id))',
    after:
      'const replayed = outcomes.flatMap((each) => (each instanceof ServiceError && !each.replayed ? [] : each.id))',
    why: 'New ones are read as well, and answered as they were recorded: it only costs time.',
  },
  {
    file: 'src/domain/payouts/payout-recording.ts',
    before: 'if (place.account === null) return place.recipient',
    after: '',
    why: 'A recipient who is named is active, and is answered as it is.',
  },
  ...[
    ['const firstLookMs = 1_000', 'const firstLookMs = 1001'],
    ['const lastLookMs = 60 * 60 * 1000', 'const lastLookMs = 61 * 60 * 1000'],
    ['const lastLookMs = 60 * 60 * 1000', 'const lastLookMs = 60 * 61 * 1000'],
    ['const lastLookMs = 60 * 60 * 1000', 'const lastLookMs = 60 * 60 * 1001'],
    ['const lateMs = 2_000', 'const lateMs = 2001'],
    ['const endMs = 10_000', 'const endMs = 10001'],
  ].map(([before = '', after = '']) => ({ file: advancing, before, after, why: patience })),
  {
    file: advancing,
    before: "await fail(context, tenant, payout, { code, reason: reason ?? '', sendCount })",
    after: 'await fail(context, tenant, payout, { code, reason: reason, sendCount })',
    why: 'A refusal is kept with its reason.',
  },
  {
    file: payoutEnding,
    before: 'return a < b ? a : b',
    after: 'return a <= b ? a : b',
    why: 'Of two equal ones either is the smaller.',
  },
  ...[
    'select id from payouts where merchant_id = ${tenant.merchant.id} or id = ${id} and verdict is null for update',
    'select id from payouts where merchant_id = ${tenant.merchant.id} and id = ${id} or verdict is null for update',
  ].map((after) => ({
    file: payoutDecisions,
    before:
      'select id from payouts where merchant_id = ${tenant.merchant.id} and id = ${id} and verdict is null for update',
    after,
    why: 'More rows are locked than the one: others only wait for longer.',
  })),
  {
    file: payoutDecisions,
    before: 'const firstLookMs = 1_000',
    after: 'const firstLookMs = 1001',
    why: patience,
  },
  {
    file: refunds,
    before: "if (from.kind !== 'outside' || (from.at ?? 0n) < firstAccountId) return",
    after: "if (from.kind !== 'outside' || (from.at ?? 1n) < firstAccountId) return",
    why: 'Both are below the numbers of accounts.',
  },
  {
    file: payoutSending,
    before: 'export const senderMs = 40_000',
    after: 'export const senderMs = 40001',
    why: patience,
  },
  {
    file: payoutSending,
    before: 'for update',
    after: '',
    why: 'The update looks at the row once more, and finds it as it then is.',
  },
  {
    file: refunds,
    before:
      'isPending: !receipt.replayed || (await findProcessorRefund(context, tenant, { id: receipt.id })) !== null,',
    after: 'isPending: receipt.replayed || (await findProcessorRefund(context, tenant, { id: receipt.id })) !== null,',
    why: 'A new one is found as well.',
  },
  {
    file: refunds,
    before: 'const dueAt = nextUnknownLookAt(askedAt ?? createdAt, now, isSilent)',
    after: 'const dueAt = nextUnknownLookAt(askedAt, now, isSilent)',
    why: 'Its processor was asked by then.',
  },
  {
    file: refunds,
    before: 'return nextLookAt(askedAt ?? createdAt, now)',
    after: 'return nextLookAt(askedAt, now)',
    why: 'Its processor was asked by then.',
  },
  {
    file: refunds,
    before:
      'update refunds set asked_at = null, due_at = ${nextUnknownLookAt(refund.createdAt, now, true)}, updated_at = ${now}',
    after:
      'update refunds set asked_at = null, due_at = ${nextUnknownLookAt(refund.createdAt, now, false)}, updated_at = ${now}',
    why: patience,
  },
  {
    file: refunds,
    before:
      'const isPast = (since: Date | null, ms: number) => since !== null && now.getTime() - since.getTime() >= ms',
    after: 'const isPast = (since: Date | null, ms: number) => since !== null && now.getTime() - since.getTime() > ms',
    why: patience,
  },
  {
    file: 'src/domain/payouts/payout-contradictions.ts',
    before: "const proof = words?.proof ?? ''",
    after: 'const proof = words?.proof',
    why: 'The words are gone only where the customer was erased since: none are kept then, empty or not.',
  },
  {
    file: disputeHolds,
    before: 'for (let time = 1; time <= 3; time++) {',
    after: 'for (let time = 1; time <= 4; time++) {',
    why: 'How often is a matter of patience.',
  },
  {
    file: disputeHolds,
    before: 'const held = available < wanted ? available : wanted',
    after: 'const held = available <= wanted ? available : wanted',
    why: equalAmounts,
  },
  ...['return row?.available', 'return row?.available ?? 1n'].map((after) => ({
    file: disputeHolds,
    before: 'return row?.available ?? 0n',
    after,
    why: 'The ledger reserves nothing in an account that is not there.',
  })),
  {
    file: disputeHolds,
    before: 'if (holdId === null) return null',
    after: '',
    why: 'Looks for a hold without an id, and finds none: it only costs time.',
  },
  {
    file: disputeTurns,
    before: 'export const ownTimeMs = 60_000',
    after: 'export const ownTimeMs = 60001',
    why: patience,
  },
  {
    file: disputeTurns,
    before: 'return clock < look && now < respondBy ? clock : look',
    after: 'return clock <= look && now < respondBy ? clock : look',
    why: 'Of two equal times either is the earlier.',
  },
  ...[
    [
      'const left = await bookShare(context, tenant, dispute, { ...share, borneBy, place: i + 2, last: null })',
      'const left = await bookShare(context, tenant, dispute, { ...share, borneBy, place: i + 3, last: null })',
    ],
    [
      'besides.push(await returnCommand(context, tenant, dispute, { ...share, borneBy, place: i + 2 }))',
      'besides.push(await returnCommand(context, tenant, dispute, { ...share, borneBy, place: i + 3 }))',
    ],
    [
      'const time = place === 1 ? `${dispute.movements}` : `${dispute.movements}/${place}`',
      'const time = place === 2 ? `${dispute.movements}` : `${dispute.movements}/${place}`',
    ],
    [
      'return place === 1 ? `dispute/${id}/${movements}` : `dispute/${id}/${movements}/part/${place}`',
      'return place === 2 ? `dispute/${id}/${movements}` : `dispute/${id}/${movements}/part/${place}`',
    ],
  ].map(([before = '', after = '']) => ({
    file: disputeBookings,
    before,
    after,
    why: 'The movements have other names, and each its own.',
  })),
  {
    file: disputeReports,
    before: "const name = before?.refundName ?? ''",
    after: 'const name = before?.refundName',
    why: 'Among the names of refunds is neither.',
  },
  {
    file: disputeReports,
    before: 'const movementId = own?.movementId ?? null',
    after: 'const movementId = own?.movementId',
    why: 'A refund that is not known is not lost.',
  },
  {
    file: disputedSuspense,
    before: "await lockCount(tx, tenant, 'suspense')",
    after: '',
    why: 'Looks at one payment come one after the other; what is assigned meanwhile is taken from whoever has it then.',
  },
  {
    file: disputedSuspense,
    before:
      'select d.takings, d.movements from disputes d where d.merchant_id = ${merchant.id} and d.id = ${id} for update',
    after: 'select d.takings, d.movements from disputes d where d.merchant_id = ${merchant.id} and d.id = ${id}',
    why: 'Whoever else would plan waits for the lock before.',
  },
  {
    file: disputedSuspense,
    before: 'if (known?.movements !== movements) return null',
    after: '',
    why: 'What that turn has moved before is answered again, and moves nothing.',
  },
  ...['-2 : 1', '-1 : 2'].map((order) => ({
    file: disputedSuspense,
    before: 'const ordered = own?.isFirst ? parts.toSorted((one) => (one.id === own.partId ? -1 : 1)) : parts',
    after: `const ordered = own?.isFirst ? parts.toSorted((one) => (one.id === own.partId ? ${order})) : parts`,
    why: 'Only the sign counts.',
  })),
  {
    file: disputedSuspense,
    before: 'const some = more < rest ? more : rest',
    after: 'const some = more <= rest ? more : rest',
    why: equalAmounts,
  },
  {
    file: disputedSuspense,
    before: 'if (some <= 0n) continue',
    after: 'if (some < 0n) continue',
    why: 'Takes nothing.',
  },
  {
    file: disputedMoney,
    before: 'return amount < money.amount ? amount : money.amount',
    after: 'return amount <= money.amount ? amount : money.amount',
    why: equalAmounts,
  },
  {
    file: disputedSuspense,
    before: 'return { movementId: decision.id, amount: left < amount ? left : amount }',
    after: 'return { movementId: decision.id, amount: left <= amount ? left : amount }',
    why: equalAmounts,
  },
  {
    file: disputedSuspense,
    before: 'const isByHand = accountId >= firstAccountId && (money.outside.at ?? 0n) < firstAccountId',
    after: 'const isByHand = accountId >= firstAccountId && (money.outside.at ?? 1n) < firstAccountId',
    why: 'Both are below the numbers of accounts.',
  },
  ...[
    ['const lastCheckMs = 60_000', 'const lastCheckMs = 60001'],
    [
      "await noteQuestion(context, tenant, accountId, { about: 'payment', name, waitMs: 0 })",
      "await noteQuestion(context, tenant, accountId, { about: 'payment', name, waitMs: 1 })",
    ],
  ].map(([before = '', after = '']) => ({ file: settling, before, after, why: patience })),
  {
    file: settling,
    before: "if (state.status === 'processing' || state.status === 'disagrees')",
    after: "if (state.status === 'processing' || state.status !== 'disagrees')",
    why: 'An intent that has ended is looked at no more.',
  },
  {
    file: settling,
    before: "if (facts === undefined) throw new Error('a processor tells nothing of a payment at its account')",
    after: '',
    why: 'Nothing is booked of it either, and the error has other words.',
  },
  {
    file: settling,
    before: 'if (error instanceof ServiceError && error.kept) return error',
    after: 'if (error instanceof ServiceError || error.kept) return error',
    why: 'Every refusal of a booking is kept, and no other error has the member.',
  },
  {
    file: settling,
    before: "if (error instanceof ServiceError && error.code === 'customer_not_found') return null",
    after: "if (error instanceof ServiceError || error.code === 'customer_not_found') return null",
    why: 'A customer is locked, or not found: there is no other refusal.',
  },
  {
    file: settling,
    before: 'if (id === null) return null',
    after: '',
    why: 'Nobody has no id: it only costs time.',
  },
  {
    file: settling,
    before: 'return known ?? null',
    after: 'return known',
    why: 'Where it is not there, the next one is looked for all the same.',
  },
  {
    file: settling,
    before: 'return charged ?? null',
    after: 'return charged',
    why: 'A new one is saved all the same, and then gets its own token once more.',
  },
  ...[
    'const dueAt = intent.expiresAt > now && intent.expiresAt <= next ? intent.expiresAt : next',
    'const dueAt = intent.expiresAt >= now && intent.expiresAt < next ? intent.expiresAt : next',
  ].map((after) => ({
    file: settling,
    before: 'const dueAt = intent.expiresAt > now && intent.expiresAt < next ? intent.expiresAt : next',
    after,
    why: patience,
  })),
  {
    file: 'src/domain/wallet/suspense.ts',
    before: 'if (known === null && left === 0n) throw takenBack(reference)',
    after: '',
    why: 'It is refused as well once nothing could be written.',
  },
  {
    file: 'src/domain/wallet/suspense.ts',
    before: "if (error instanceof ServiceError && error.code === 'busy') {",
    after: "if (error instanceof ServiceError || error.code === 'busy') {",
    why: 'Where all was taken, that is the answer to any refusal.',
  },
  ...['61 * 60 * 1000', '60 * 61 * 1000', '60 * 60 * 1001'].map((ms) => ({
    file: 'src/domain/payments/charge-facts.ts',
    before: 'const feeLookMs = 60 * 60 * 1000',
    after: `const feeLookMs = ${ms}`,
    why: patience,
  })),
]
