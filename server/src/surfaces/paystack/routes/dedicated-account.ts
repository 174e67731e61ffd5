import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import { createDedicatedAccount, listAccountBanks } from '../../../domain/banking/account-opening.ts'
import {
  type AccountBank,
  type AccountProviderChoice,
  requireAccountProvider,
} from '../../../domain/banking/account-provider.ts'
import { requestDedicatedAccount } from '../../../domain/banking/account-requests.ts'
import {
  type DedicatedAccount,
  type DedicatedAccountFilter,
  getDedicatedAccount,
  listDedicatedAccounts,
  removeAccountSplit,
  removeDedicatedAccount,
  requeryDedicatedAccount,
  requireAccounts,
} from '../../../domain/banking/dedicated-accounts.ts'
import { type Context, noteChange } from '../../../domain/context.ts'
import type { Customer } from '../../../domain/customers/customers.ts'
import type { Tenant } from '../../../domain/merchants/tenant.ts'
import { tenantOf } from '../../http/authentication.ts'
import { readInstant } from '../../http/instants.ts'
import type { RouteFile } from '../../http/routes.ts'
import { isServed, thousandths } from '../amounts.ts'
import {
  accountRowSchema,
  accountSchema,
  assignAccountSchema,
  createAccountSchema,
  fetchedAccountSchema,
  providerSchema,
  removeSplitSchema,
  splitSchema,
} from '../dedicated-account-schemas.ts'
import { pageMeta, pageQuery, readPageNumber, readPerPage } from '../pagination.ts'
import { flagSchema, readFlag, textOf } from '../queries.ts'
import { renderAssignedAccount, renderDedicatedAccount, renderHolder } from '../render.ts'
import { pageMetaSchema, responses, success } from '../schemas.ts'
import { refuseSplits } from '../unserved.ts'
import { readReference } from './customer.ts'

const tags = ['Dedicated account']
const idParams = Type.Object({ id: Type.String({ description: 'The account’s numeric id', examples: ['253'] }) })

/** Where a tenant's accounts are looked for: a transaction that stands open is asked, because it may be the only connection. */
type Given = Context & AccountProviderChoice

/** `/dedicated_account`: bank accounts through which customers are paid. */
export const dedicatedAccountRoutes: RouteFile = (routes, surface) => {
  const { context } = surface

  /** The caller's tenant, where it has dedicated accounts: the rest of a request is judged after that. Throws `not_available`. */
  async function tenantWithAccounts(request: FastifyRequest, within: Given = context): Promise<Tenant> {
    const tenant = tenantOf(request)
    await requireAccounts(within, tenant)
    return tenant
  }

  /** The same, where it can have new ones. */
  async function tenantWithProvider(request: FastifyRequest, within: Given = context): Promise<Tenant> {
    const tenant = tenantOf(request)
    await requireAccountProvider(within, tenant)
    return tenant
  }

  routes.post(
    '/dedicated_account',
    {
      scope: 'customers:write',
      once: 'around work outside',
      schema: {
        operationId: 'dedicated_account_create',
        summary: 'Create a customer’s dedicated account, or get the account the customer has',
        tags,
        body: createAccountSchema,
        response: responses(200, success('NUBAN successfully created', accountSchema), 400, 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = await tenantWithProvider(request)
      refuseSplits(request.body)
      refuseThousandths(tenant)
      const { customer: reference, preferred_bank, first_name, last_name, phone } = request.body
      const bank = readBank(await listAccountBanks(context, tenant), preferred_bank)
      const changes = { firstName: first_name, lastName: last_name, phone }
      const wanted = { bank, ...changes }
      const named = readReference(String(reference))
      const { account, customer } = await namingMembers(createDedicatedAccount(context, tenant, named, wanted))
      noteChange(attempt, { object: customer.code, after: { made: 'dedicated account' } })
      const data = renderWhole(tenant, account, customer)
      return { status: true as const, message: 'NUBAN successfully created', data }
    },
  )

  routes.post(
    '/dedicated_account/assign',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'dedicated_account_assign',
        summary: 'Create a customer, identify them and give them an account; the outcome comes later',
        description: 'With a BVN, an account number and a bank code the customer is identified first.',
        tags,
        body: assignAccountSchema,
        response: responses(200, success('Assign dedicated account in progress'), 400, 403, 404),
      },
    },
    async (request, tx) => {
      const { body } = request
      const tenant = await tenantWithProvider(request, tx)
      refuseSplits(body)
      refuseThousandths(tenant)
      const { knownBanks } = await requireAccountProvider(tx, tenant)
      if (knownBanks !== null) readBank(knownBanks, body.preferred_bank)
      const asked = {
        email: body.email,
        firstName: body.first_name,
        lastName: body.last_name,
        middleName: body.middle_name ?? null,
        phone: body.phone,
        country: body.country,
        identity: readIdentity(body),
      }
      await namingMembers(requestDedicatedAccount(tx, tenant, asked, { bankSlug: body.preferred_bank }))
      return { status: true as const, message: 'Assign dedicated account in progress' }
    },
  )

  routes.get(
    '/dedicated_account',
    {
      scope: 'read',
      schema: {
        operationId: 'dedicated_account_list',
        summary: 'List dedicated accounts, newest first',
        tags,
        querystring: Type.Object({
          active: flagSchema('Only accounts that a customer has, or only accounts that were removed'),
          currency: Type.Optional(Type.String({ examples: ['NGN'] })),
          provider_slug: Type.Optional(Type.String({ examples: ['test-bank'] })),
          bank_id: Type.Optional(Type.String({ examples: ['20'] })),
          customer: Type.Optional(Type.String({ description: 'Customer id or code' })),
          ...pageQuery,
        }),
        response: responses(
          200,
          success('Managed accounts successfully retrieved', Type.Array(accountRowSchema), pageMetaSchema),
          400,
          403,
        ),
      },
    },
    async (request) => {
      const tenant = await tenantWithAccounts(request)
      const [page, perPage] = [readPageNumber(request.query), readPerPage(request.query)]
      const limits = { limit: perPage, offset: (page - 1) * perPage }
      const { items, total } = await listDedicatedAccounts(context, tenant, readFilter(request.query), limits)
      const data = items.map(({ account, customer }) => ({
        ...renderDedicatedAccount(account),
        customer: renderHolder(customer),
        split_config: { split_code: account.splitCode, subaccount: account.subaccount },
      }))
      const meta = pageMeta(page, perPage, total)
      return { status: true as const, message: 'Managed accounts successfully retrieved', data, meta }
    },
  )

  routes.get(
    '/dedicated_account/available_providers',
    {
      scope: 'read',
      schema: {
        operationId: 'dedicated_account_available_providers',
        summary: 'List the banks that provide dedicated accounts',
        tags,
        response: responses(200, success('Dedicated account providers retrieved', Type.Array(providerSchema)), 403),
      },
    },
    async (request) => {
      const banks = await listAccountBanks(context, tenantOf(request))
      const data = banks.map(({ id, slug, bankId, bankName }) => ({
        provider_slug: slug,
        bank_id: bankId,
        bank_name: bankName,
        id,
      }))
      return { status: true as const, message: 'Dedicated account providers retrieved', data }
    },
  )

  routes.get(
    '/dedicated_account/requery',
    {
      scope: 'payments:write',
      whenClosed: 'refused',
      schema: {
        operationId: 'dedicated_account_requery',
        summary: 'Look for transfers to an account again, at most every ten minutes',
        tags,
        querystring: Type.Object({
          account_number: Type.Optional(Type.String({ examples: ['9123456789'] })),
          provider_slug: Type.Optional(Type.String({ examples: ['test-bank'] })),
          date: Type.Optional(Type.String({ examples: ['2026-01-15'] })),
        }),
        response: responses(200, success(requeried), 400, 403, 404),
      },
    },
    async (request) => {
      const tenant = await tenantWithAccounts(request)
      const accountNumber = request.query.account_number?.trim() ?? ''
      if (accountNumber === '') throw required('account_number')
      // The day is checked before the ten minutes, which say nothing about it.
      const from = readInstant(tenant, request.query.date, 'date')
      const day = from && { text: String(request.query.date).trim().slice(0, 10), from }
      await requeryDedicatedAccount(context, tenant, accountNumber, day)
      return { status: true as const, message: requeried }
    },
  )

  routes.post(
    '/dedicated_account/split',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      // Not in the reference: there is nothing that it could do.
      schema: { hide: true, body: splitSchema },
    },
    async (request, tx) => {
      await tenantWithAccounts(request, tx)
      refuseSplits(request.body)
      throw required('split_code')
    },
  )

  routes.delete(
    '/dedicated_account/split',
    {
      scope: 'customers:write',
      once: 'in a transaction',
      schema: {
        operationId: 'dedicated_account_remove_split',
        summary: 'Remove the split that a former release stored with an account',
        tags,
        body: removeSplitSchema,
        response: responses(200, success('Subaccount unassigned', accountSchema), 400, 403, 404),
      },
    },
    async (request, tx) => {
      const tenant = await tenantWithAccounts(request, tx)
      const account = await removeAccountSplit(tx, tenant, request.body.account_number)
      return { status: true as const, message: 'Subaccount unassigned', data: renderAssignedAccount(tenant, account) }
    },
  )

  routes.get(
    '/dedicated_account/:id',
    {
      scope: 'read',
      schema: {
        operationId: 'dedicated_account_fetch',
        summary: 'Fetch a dedicated account',
        tags,
        params: idParams,
        response: responses(200, success('Managed account successfully retrieved', fetchedAccountSchema), 403, 404),
      },
    },
    async (request) => {
      const tenant = await tenantWithAccounts(request)
      const { account, customer } = await getDedicatedAccount(context, tenant, readId(request.params.id))
      const split = renderSplit(account)
      const data = {
        ...renderDedicatedAccount(account),
        customer: renderHolder(customer),
        split_config: Object.keys(split).length === 0 ? null : JSON.stringify(split),
      }
      return { status: true as const, message: 'Managed account successfully retrieved', data }
    },
  )

  routes.delete(
    '/dedicated_account/:id',
    {
      scope: 'customers:write',
      once: 'around work outside',
      schema: {
        operationId: 'dedicated_account_deactivate',
        summary: 'Remove a dedicated account from its customer',
        tags,
        params: idParams,
        response: responses(200, success('Managed Account Successfully Unassigned', accountSchema), 403, 404),
      },
    },
    async (request, attempt) => {
      const tenant = await tenantWithAccounts(request)
      const account = await removeDedicatedAccount(context, tenant, readId(request.params.id))
      noteChange(attempt, { object: String(account.id), before: { active: true }, after: { active: false } })
      const data = renderAssignedAccount(tenant, account)
      return { status: true as const, message: 'Managed Account Successfully Unassigned', data }
    },
  )
}

/** An account is in the merchant's first currency, whose amounts this surface must be able to tell. */
function refuseThousandths({ merchant }: Tenant): void {
  const [currency] = merchant.currencies
  if (!isServed(currency)) throw thousandths(currency)
}

const requeried = 'Request sent. We will send you a webhook if there is a new transfer to this account'

/** The preferred bank, or undefined if no bank is named. Throws `invalid_request`. */
function readBank(banks: readonly AccountBank[], slug: string | undefined): AccountBank | undefined {
  const bank = banks.find((each) => each.slug === slug)
  if (bank !== undefined || slug === undefined) return bank
  const known = banks.map((each) => each.slug).join(', ')
  throw new ServiceError('invalid_request', `"preferred_bank" must be one of [${known}]`, 'preferred_bank')
}

/** Does the work. A refusal of a customer without names or phone names the members of this wire. */
async function namingMembers<Answer>(work: Promise<Answer>): Promise<Answer> {
  const members: Record<string, string> = { firstName: 'first_name', lastName: 'last_name', phone: 'phone' }
  try {
    return await work
  } catch (error) {
    const member = error instanceof ServiceError && members[error.field ?? '']
    if (!member) throw error
    const message = `A customer needs first_name, last_name and phone for a dedicated account; ${member} is missing`
    throw new ServiceError('invalid_request', message, member)
  }
}

interface GivenIdentity {
  bvn?: string
  bank_code?: string
  account_number?: string
}

/** The details to check the customer by. Null without a BVN. Throws `invalid_request` for incomplete details. */
function readIdentity({ bvn, bank_code, account_number }: GivenIdentity) {
  if (bvn === undefined) return null
  if (bank_code === undefined) throw required('bank_code')
  if (account_number === undefined) throw required('account_number')
  return { bvn, bankCode: bank_code, accountNumber: account_number }
}

interface ListQuery {
  active?: string
  currency?: string
  provider_slug?: string
  bank_id?: string
  customer?: string
}

function readFilter(query: ListQuery): DedicatedAccountFilter {
  const [bankId, customer] = [textOf(query.bank_id), textOf(query.customer)]
  if (bankId !== undefined && !/^\d{1,9}$/.test(bankId)) {
    const rule = /^\d+$/.test(bankId) ? 'must be at most 999999999' : 'must be a number'
    throw new ServiceError('invalid_request', `"bank_id" ${rule}`, 'bank_id')
  }
  return {
    active: readFlag(query.active, 'active'),
    currency: textOf(query.currency),
    provider: textOf(query.provider_slug),
    bankId: bankId === undefined ? undefined : Number(bankId),
    customer: customer === undefined ? undefined : readReference(customer),
  }
}

function readId(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  throw new ServiceError('dedicated_account_not_found', `There is no dedicated account "${text}"`)
}

function required(field: string): ServiceError {
  return new ServiceError('invalid_request', `"${field}" is required`, field)
}

/** Has the split, if the account has one. */
function renderWhole(tenant: Tenant, account: DedicatedAccount, customer: Customer) {
  const split = renderSplit(account)
  return {
    ...renderAssignedAccount(tenant, account),
    ...(Object.keys(split).length === 0 ? {} : { split_config: split }),
    customer: renderHolder(customer),
  }
}

function renderSplit({ splitCode, subaccount }: DedicatedAccount) {
  return {
    ...(splitCode === null ? {} : { split_code: splitCode }),
    ...(subaccount === null ? {} : { subaccount }),
  }
}
