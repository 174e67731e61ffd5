import { Type } from 'typebox'
import type { Entry } from '../../../domain/ledger/entries.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { findPayouts } from '../../../domain/payouts/payout-lists.ts'
import type { Payout } from '../../../domain/payouts/payout-records.ts'
import type { TransactionKind } from '../../../domain/trail/trail.ts'
import { readAccountBalances } from '../../../domain/wallet/account-balances.ts'
import { getMerchantBalance, listMerchantEntries } from '../../../domain/wallet/merchant-balances.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { amountSchema, isServed, renderAmount } from '../amounts.ts'
import { pageMeta, pageQuery, readPageNumber, readPerPage } from '../pagination.ts'
import { readPeriod } from '../queries.ts'
import { pageMetaSchema, responses, success } from '../schemas.ts'
import { periodQuery } from '../transaction-filter.ts'

const tags = ['Transfer']

const balanceSchema = Type.Object({
  currency: Type.String({ examples: ['NGN'] }),
  balance: amountSchema('Hundredths of the currency that are available: without the money that is held'),
  account_balance: amountSchema(
    'Hundredths of the currency at the processor, whoever owns them: with the wallets of customers. Not a member of Paystack: another Mteja that has this one as its account compares its books with it',
  ),
})

const ledgerRowSchema = Type.Object({
  integration: Type.Integer({ examples: [100001] }),
  domain: Type.String({ examples: ['test'] }),
  balance: amountSchema('Hundredths of the currency after the movement'),
  currency: Type.String({ examples: ['NGN'] }),
  difference: amountSchema('Hundredths of the currency: above 0 came in, below 0 went out'),
  reason: Type.String({ examples: ['Bonus for the week'] }),
  model_responsible: Type.String({ description: 'Transaction, Transfer or Refund', examples: ['Transaction'] }),
  model_row: Type.Integer({
    description: 'The id of the transfer; else the number of the movement',
    examples: [314159280],
  }),
  id: Type.Integer({ description: 'The number of the movement', examples: [314159280] }),
  createdAt: Type.String({ examples: ['2026-01-15T10:30:00.000Z'] }),
  updatedAt: Type.String({ examples: ['2026-01-15T10:30:00.000Z'] }),
})

/** `/balance`: the merchant's own money. */
export const balanceRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/balance',
    {
      scope: 'read',
      schema: {
        operationId: 'balance_fetch',
        summary: 'Get the merchant’s balance in each of its currencies',
        tags,
        response: responses(200, success('Balances retrieved', Type.Array(balanceSchema))),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      const held = tenant.merchant.currencies.filter(isServed)
      const [atProcessors, ...balances] = await Promise.all([
        readAccountBalances(context, tenant),
        ...held.map((currency) => getMerchantBalance(context, tenant, currency)),
      ])
      const data = balances.map(({ currency, available }) => ({
        currency,
        balance: renderAmount(available, currency),
        account_balance: renderAmount(atProcessors.get(currency) ?? 0n, currency),
      }))
      return { status: true as const, message: 'Balances retrieved', data }
    },
  )

  routes.get(
    '/balance/ledger',
    {
      scope: 'read',
      schema: {
        operationId: 'balance_ledger',
        summary: 'List the movements of the merchant’s balance, newest first',
        tags,
        querystring: Type.Object({ ...pageQuery, ...periodQuery }),
        response: responses(200, success('Balance ledger retrieved', Type.Array(ledgerRowSchema), pageMetaSchema), 400),
      },
    },
    async (request) => {
      const { query } = request
      const tenant = tenantOf(request)
      const [page, perPage] = [readPageNumber(query), readPerPage(query)]
      const { from, until } = readPeriod(tenant, query)
      const filter = { from, until, currencies: tenant.merchant.currencies.filter(isServed) }
      const place = { limit: perPage, offset: (page - 1) * perPage }
      const { items, total } = await listMerchantEntries(context, tenant, filter, place)
      const payouts = await findPayouts(
        context,
        tenant,
        items.flatMap((entry) => payoutIdOf(entry) ?? []),
      )
      return {
        status: true as const,
        message: 'Balance ledger retrieved',
        data: items.map((entry) => renderRow(tenant, entry, payouts.get(payoutIdOf(entry) ?? ''))),
        meta: pageMeta(page, perPage, total),
      }
    },
  )
}

/** Kinds that are no payment on this wire. */
const models: Partial<Record<TransactionKind, string>> = {
  refund: 'Refund',
  reversal: 'Refund',
  payout: 'Transfer',
  payout_returned: 'Transfer',
}

/** A movement that paid a payout bears its id, and every other about one names it. */
function payoutIdOf({ kind, transactionId, details }: Entry): string | null {
  const named = (details as { payoutId?: string } | null)?.payoutId
  return named ?? (kind === 'payout' ? transactionId : null)
}

/** @param payout that the movement is about, if it is about one */
function renderRow({ merchant, mode }: Tenant, entry: Entry, payout: Payout | undefined) {
  const { currency, createdAt, kind } = entry
  const number = numberOf(entry.transactionId)
  return {
    integration: merchant.id,
    domain: mode,
    balance: renderAmount(entry.balanceAfter, currency),
    currency,
    difference: renderAmount(entry.amount, currency),
    reason: payout?.reason ?? entry.description ?? '',
    model_responsible: payout === undefined ? (models[kind] ?? 'Transaction') : 'Transfer',
    model_row: payout === undefined ? number : Number(payout.wireId),
    id: number,
    createdAt: createdAt.toISOString(),
    updatedAt: createdAt.toISOString(),
  }
}

/** A movement has no number of its own: 52 of the random bits of its id tell it from every other one. */
function numberOf(uuid: string): number {
  return Number.parseInt(uuid.replaceAll('-', '').slice(-13), 16)
}
