import { Type } from 'typebox'
import { ServiceError } from '../../../base/errors.ts'
import type { Bank } from '../../../domain/banking/bank-list.ts'
import { listBanks, resolveAccount, validateAccount } from '../../../domain/banking/banks.ts'
import { tenantOf } from '../../http/authentication.ts'
import type { RouteFile } from '../../http/routes.ts'
import { cursorQuery, readCursor, readPerPage, wantsCursor, writeCursor } from '../pagination.ts'
import { flagSchema, isGiven, readFlag, textOf } from '../queries.ts'
import { responses, success } from '../schemas.ts'
import { countries } from './country.ts'

const tags = ['Verification']
const maxPerPage = 100
/** The time of the last update of the list. The dates of single banks are not stored. */
const listedAt = '2026-01-15T10:30:00.000Z'

const nullableText = Type.Union([Type.String(), Type.Null()])

const bankSchema = Type.Object({
  id: Type.Integer({ examples: [21] }),
  name: Type.String({ examples: ['Zenith Bank'] }),
  slug: Type.String({ examples: ['zenith-bank'] }),
  code: Type.String({ examples: ['057'] }),
  longcode: Type.String({ examples: ['057150013'] }),
  gateway: nullableText,
  pay_with_bank: Type.Boolean(),
  supports_transfer: Type.Boolean(),
  available_for_direct_debit: Type.Boolean(),
  active: Type.Boolean(),
  is_deleted: Type.Boolean(),
  country: Type.String({ examples: ['Nigeria'] }),
  currency: Type.String({ examples: ['NGN'] }),
  type: Type.String({ examples: ['nuban'] }),
  nip_sort_code: Type.Optional(nullableText),
  supported_types: Type.Optional(Type.Array(Type.String())),
  createdAt: Type.String(),
  updatedAt: Type.String(),
})

const cursorMetaSchema = Type.Object({ next: nullableText, previous: nullableText, perPage: Type.Integer() })

const validationSchema = Type.Object({
  verified: Type.Boolean(),
  verificationMessage: Type.String({ examples: ['Account is verified successfully'] }),
  accountAcceptsDebits: Type.Boolean(),
  accountAcceptsCredits: Type.Boolean(),
  accountHolderMatch: Type.Boolean(),
  accountOpenForMoreThanThreeMonths: Type.Boolean(),
  accountOpen: Type.Boolean(),
})

const documentTypes = {
  identityNumber: 'identity',
  passportNumber: 'passport',
  businessRegistrationNumber: 'business_registration',
} as const

const validateSchema = Type.Object({
  account_name: Type.String({ minLength: 1, maxLength: 200, examples: ['Ann Bron'] }),
  account_number: Type.String({ minLength: 1, maxLength: 40, examples: ['0123456789'] }),
  account_type: Type.Unsafe<'personal' | 'business'>({
    type: 'string',
    enum: ['personal', 'business'],
    examples: ['personal'],
  }),
  bank_code: Type.String({ minLength: 1, maxLength: 20, examples: ['632005'] }),
  country_code: Type.Unsafe<'ZA'>({ type: 'string', enum: ['ZA'], examples: ['ZA'] }),
  document_type: Type.Unsafe<keyof typeof documentTypes>({
    type: 'string',
    enum: Object.keys(documentTypes),
    examples: ['identityNumber'],
  }),
  document_number: Type.Optional(Type.String({ maxLength: 40, examples: ['1234567890123'] })),
})

/** `/bank`: banks, and the holders of their accounts. */
export const bankRoutes: RouteFile = (routes, { context }) => {
  routes.get(
    '/bank',
    {
      scope: 'read',
      schema: {
        operationId: 'bank_list',
        summary: 'List banks and mobile money operators, by name',
        description: 'Answers the whole list, unless perPage or a cursor asks for a page of it.',
        tags,
        querystring: Type.Object({
          country: Type.Optional(
            Type.String({
              description:
                'A country of /country, by name or code. The banks of Côte d’Ivoire, Egypt and Rwanda are not known here: their list is empty',
              examples: ['nigeria'],
            }),
          ),
          currency: Type.Optional(Type.String({ examples: ['NGN'] })),
          type: Type.Optional(
            Type.String({
              description: 'nuban, ghipss, kepss, basa, mobile_money or mobile_money_business',
              examples: ['nuban'],
            }),
          ),
          gateway: Type.Optional(Type.String({ description: 'emandate, ibank or digitalbankmandate' })),
          pay_with_bank: flagSchema('Only banks that people can pay with'),
          pay_with_bank_transfer: flagSchema('Only banks that people can pay with by transfer'),
          enabled_for_verification: flagSchema('Only banks that validate accounts'),
          include_nip_sort_code: flagSchema('Includes each bank’s code in Nigeria’s instant payments'),
          perPage: Type.Optional(
            Type.String({ description: 'Page size: default 50 with a cursor, at most 100', examples: ['50'] }),
          ),
          per_page: Type.Optional(Type.String({ description: 'The same as perPage' })),
          ...cursorQuery,
        }),
        response: responses(
          200,
          success('Banks retrieved', Type.Array(bankSchema), Type.Optional(cursorMetaSchema)),
          400,
        ),
      },
    },
    async (request) => {
      const { query } = request
      const byBank = readFlag(query.pay_with_bank, 'pay_with_bank')
      const byTransfer = readFlag(query.pay_with_bank_transfer, 'pay_with_bank_transfer')
      const validated = readFlag(query.enabled_for_verification, 'enabled_for_verification') === true
      const withNipCode = readFlag(query.include_nip_sort_code, 'include_nip_sort_code')
      const found = listBanks({
        country: readCountry(textOf(query.country)),
        currency: textOf(query.currency),
        type: textOf(query.type),
        gateway: textOf(query.gateway),
        payBy: byBank ? 'bank' : byTransfer ? 'transfer' : undefined,
        validated,
      })
      const { page, meta } = pageOf(found, query)
      const data = page.map((bank) => ({
        ...renderBank(bank),
        ...(withNipCode ? { nip_sort_code: bank.nipCode } : {}),
        ...(validated ? { supported_types: bank.validates } : {}),
      }))
      return { status: true as const, message: 'Banks retrieved', data, ...(meta && { meta }) }
    },
  )

  routes.get(
    '/bank/resolve',
    {
      scope: 'read',
      schema: {
        operationId: 'bank_resolve_account_number',
        summary: 'Resolve an account number to its holder’s name',
        tags,
        querystring: Type.Object({
          account_number: Type.Optional(Type.String({ maxLength: 40, examples: ['0000000000'] })),
          bank_code: Type.Optional(Type.String({ maxLength: 20, examples: ['057'] })),
        }),
        response: responses(
          200,
          success(
            'Account number resolved',
            Type.Object({
              account_number: Type.String({ examples: ['0000000000'] }),
              account_name: Type.String({ examples: ['ADA OBI'] }),
              bank_id: Type.Integer({ examples: [21] }),
            }),
          ),
          400,
          403,
          422,
        ),
      },
    },
    async (request) => {
      const accountNumber = needed(request.query.account_number, 'account_number')
      const bankCode = needed(request.query.bank_code, 'bank_code')
      const account = await resolveAccount(context, tenantOf(request), { accountNumber, bankCode })
      const data = {
        account_number: account.accountNumber,
        account_name: account.accountName,
        bank_id: account.bankId,
      }
      return { status: true as const, message: 'Account number resolved', data }
    },
  )

  routes.post(
    '/bank/validate',
    {
      scope: 'read',
      once: 'around work outside',
      schema: {
        operationId: 'bank_validate_account_number',
        summary: 'Check that a South African account belongs to the holder of an ID document',
        tags,
        body: validateSchema,
        response: {
          ...responses(200, success('Personal Account Verification attempted', validationSchema), 403),
          400: Type.Union([
            Type.Ref('PaystackError'),
            Type.Object(
              { status: Type.Literal(false), message: Type.String(), data: validationSchema },
              { description: 'The account does not belong to this holder' },
            ),
          ]),
        },
      },
    },
    async (request, _attempt, reply) => {
      const { account_number, account_type, account_name, bank_code, document_type, document_number } = request.body
      const { verified, isHolder, exists } = await validateAccount(context, tenantOf(request), {
        accountNumber: account_number,
        accountType: account_type,
        bankCode: bank_code,
        holderName: account_name,
        document: { type: documentTypes[document_type], number: document_number ?? null },
      })
      const message = `${account_type === 'personal' ? 'Personal' : 'Business'} Account Verification attempted`
      const data = {
        verified,
        verificationMessage: verified
          ? 'Account is verified successfully'
          : 'Unable to verify account. Kindly ensure your details are correct.',
        accountAcceptsDebits: exists,
        accountAcceptsCredits: exists,
        accountHolderMatch: isHolder,
        accountOpenForMoreThanThreeMonths: exists,
        accountOpen: exists,
      }
      if (verified) return { status: true as const, message, data }
      return reply.status(400).send({ status: false as const, message, data })
    },
  )
}

interface PageQuery {
  perPage?: string | undefined
  per_page?: string | undefined
  use_cursor?: string | undefined
  next?: string | undefined
  previous?: string | undefined
}

/** A cursor names the row that a page ends or begins with. */
function pageOf(found: Bank[], query: PageQuery) {
  const perPage = Math.min(readPerPage(query), maxPerPage)
  if (!wantsCursor(query))
    return { page: !isGiven(query.perPage) && !isGiven(query.per_page) ? found : found.slice(0, perPage) }
  const start = startOf(found, query, perPage)
  const page = found.slice(start, start + perPage)
  const [first, last] = [page.at(0), page.at(-1)]
  const meta = {
    next: last !== undefined && start + perPage < found.length ? writeCursor('bank', BigInt(last.id)) : null,
    previous: first !== undefined && start > 0 ? writeCursor('bank', BigInt(first.id)) : null,
    perPage,
  }
  return { page, meta }
}

function startOf(found: Bank[], { next, previous }: PageQuery, perPage: number): number {
  if (next) return placeOf(found, next, 'next') + 1
  if (previous) return Math.max(0, placeOf(found, previous, 'previous') - perPage)
  return 0
}

function placeOf(found: Bank[], cursor: string, field: string): number {
  const id = Number(readCursor('bank', cursor, field))
  const place = found.findIndex((bank) => bank.id === id)
  if (place >= 0) return place
  throw new ServiceError('invalid_request', `"${field}" must be a cursor of the same list`, field)
}

function renderBank(bank: Bank) {
  return {
    id: bank.id,
    name: bank.name,
    slug: bank.slug,
    code: bank.code,
    longcode: bank.longcode,
    gateway: bank.gateway,
    pay_with_bank: bank.payBy === 'bank',
    supports_transfer: true,
    available_for_direct_debit: bank.gateway === 'emandate' || bank.gateway === 'digitalbankmandate',
    active: true,
    is_deleted: false,
    country: bank.country,
    currency: bank.currency,
    type: bank.type,
    createdAt: listedAt,
    updatedAt: listedAt,
  }
}

/**
 * `nigeria`, `Ghana`, `south-africa`, `NG`: a country in which Paystack works, by its name as `/country` answers it or by its
 * code. Of some of them no bank is known here. Throws `invalid_request` for any other text.
 */
function readCountry(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const wanted = plainName(text)
  const country = countries.find(({ name, iso_code }) => [name, iso_code].some((each) => plainName(each) === wanted))
  if (country !== undefined) return country.name
  const names = countries.map(({ name }) => name.toLowerCase()).join(', ')
  throw new ServiceError('invalid_request', `"country" must be one of [${names}]`, 'country')
}

/** The letters of a name: without case, accents, blanks, hyphens and apostrophes of any form. */
function plainName(text: string): string {
  return text.normalize('NFD').toLowerCase().replace(/\P{L}/gu, '')
}

function needed(text: string | undefined, field: string): string {
  const value = textOf(text)
  if (value === undefined) throw new ServiceError('invalid_request', `${field} is required`, field)
  return value
}
