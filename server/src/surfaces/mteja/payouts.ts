import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import type { ProcessorName } from '../../domain/payments/processor-accounts.ts'
import { type NameCheck, type NameResult, nameCheckOf, nameResults } from '../../domain/payouts/payee-names.ts'
import type { NewDestination } from '../../domain/payouts/payout-places.ts'
import { type DestinationType, destinationTypes } from '../../domain/payouts/payout-processor.ts'
import type { FeeBearer, Payout } from '../../domain/payouts/payout-records.ts'
import { type PayoutState, payoutStates } from '../../domain/payouts/payout-states.ts'
import type { NewPayout } from '../../domain/payouts/payouts.ts'
import type { Recipient } from '../../domain/payouts/recipients.ts'
import { freeText, metadataSchema } from '../http/schemas.ts'
import { doerSchema, renderDoer } from './doer.ts'
import { newReferenceSchema } from './recorded.ts'
import { amountSchema, currencySchema, customerIdSchema, date, nullableText } from './schemas.ts'

/** The shapes of payouts and of the places to which they go. */
export const payoutId = '019aa8a3-2f10-7a55-8f21-0c1b2a3d4e5f'

const nullableDate = Type.Union([date, Type.Null()])
const nullableMetadata = Type.Union([metadataSchema, Type.Null()])

const typeSchema = Type.Unsafe<DestinationType>({
  type: 'string',
  enum: [...destinationTypes],
  examples: ['bank_account'],
})
const accountNumberSchema = Type.String({
  pattern: '^[0-9A-Za-z]{1,34}$',
  description: 'Of a bank account; its bank is bankCode',
  examples: ['0123456789'],
})
const bankCodeSchema = Type.String({ maxLength: 20, description: 'The code of the bank', examples: ['058'] })
const phoneNumberSchema = Type.String({
  pattern: '^\\+?[0-9]{6,15}$',
  description: 'Of a mobile wallet; its operator is provider',
  examples: ['+233551234987'],
})
const providerSchema = Type.String({ maxLength: 20, description: 'The code of the operator', examples: ['MTN'] })
export const accountNameSchema = Type.String({
  maxLength: 200,
  description:
    'The name of the payee. It is compared with the name at the bank, and is no part of the content of a payout: the recipient keeps the name that it has',
  examples: ['Zero Sum'],
})

export const accountMembers = {
  type: Type.Optional(typeSchema),
  bankCode: Type.Optional(bankCodeSchema),
  accountNumber: Type.Optional(accountNumberSchema),
  provider: Type.Optional(providerSchema),
  phoneNumber: Type.Optional(phoneNumberSchema),
  accountName: Type.Optional(accountNameSchema),
}

export const newPayoutSchema = Type.Object({
  customerId: Type.Optional(customerIdSchema),
  amount: amountSchema,
  currency: Type.Optional(currencySchema),
  destination: Type.Object(
    {
      recipientId: Type.Optional(
        Type.String({ maxLength: 100, description: 'Alone', examples: ['RCP_m7ljkv8leesep7p'] }),
      ),
      ...accountMembers,
    },
    { examples: [{ type: 'bank_account', bankCode: '058', accountNumber: '0123456789', accountName: 'Zero Sum' }] },
  ),
  reference: newReferenceSchema('payroll-2026-11-zero'),
  reason: Type.Optional(freeText(100, { description: 'Shown to the payee', examples: ['Wages'] })),
  metadata: Type.Optional(metadataSchema),
})

interface AskedAccount {
  type?: DestinationType
  bankCode?: string
  accountNumber?: string
  provider?: string
  phoneNumber?: string
  accountName?: string
}

interface AskedPayout extends Omit<NewPayout, 'customerCode' | 'destination'> {
  customerId?: string
  destination: AskedAccount & { recipientId?: string }
}

/** Throws `invalid_request` naming the member that is missing or too many. */
export function readPayout({ customerId, destination, ...input }: AskedPayout): NewPayout {
  return { ...input, customerCode: customerId, destination: readDestination(destination) }
}

function readDestination({ recipientId, ...account }: AskedPayout['destination']): NewDestination {
  if (recipientId === undefined) return readAccount(account, 'destination.')
  const [other] = Object.entries(account).find(([, value]) => value !== undefined) ?? []
  if (other === undefined) return { recipientCode: recipientId }
  const message = `destination has a recipientId, which says it all; leave ${other} out`
  throw new ServiceError('invalid_request', message, `destination.${other}`)
}

const membersOf = {
  bank_account: { needed: ['bankCode', 'accountNumber'], foreign: ['provider', 'phoneNumber'] },
  mobile_money: { needed: ['provider', 'phoneNumber'], foreign: ['bankCode', 'accountNumber'] },
} as const

/** @param prefix of the names of members in messages */
export function readAccount(account: AskedAccount, prefix: string) {
  const { type } = account
  if (type === undefined) {
    const message = `${prefix}type is missing: ${destinationTypes.join(' or ')}${prefix === '' ? '' : '; or name a recipientId'}`
    throw new ServiceError('invalid_request', message, `${prefix}type`)
  }
  const { needed, foreign } = membersOf[type]
  const missing = needed.find((member) => account[member] === undefined)
  if (missing !== undefined) {
    throw new ServiceError('invalid_request', `${prefix}${missing} is missing, for a ${type}`, `${prefix}${missing}`)
  }
  const other = foreign.find((member) => account[member] !== undefined)
  if (other !== undefined) {
    throw new ServiceError(
      'invalid_request',
      `${prefix}${other} is not for a ${type}; leave it out`,
      `${prefix}${other}`,
    )
  }
  const [bankCode, accountNumber] = needed.map((member) => account[member] as string) as [string, string]
  return { type, bankCode, accountNumber, name: account.accountName ?? accountNumber }
}

export const nameCheckSchema = Type.Union(
  [
    Type.Object({
      result: Type.Unsafe<NameResult>({
        type: 'string',
        enum: [...nameResults],
        description:
          'How accountName compares with the name at the bank. no_name: none was given; no_account: the bank knows no such account; unavailable: the bank could not be asked',
        examples: ['close_match'],
      }),
      nameAtBank: { ...nullableText, examples: ['SUM ZERO AMA'] },
      checkedAt: date,
    }),
    Type.Null(),
  ],
  {
    description:
      'The name of the holder at the bank, compared with accountName; null while no bank was asked, and where none can be',
  },
)

export const recipientSchema = Type.Object({
  id: Type.String({ examples: ['RCP_m7ljkv8leesep7p'] }),
  type: typeSchema,
  bankCode: Type.Union([Type.String(), Type.Null()], { description: 'Of a bank account', examples: ['058'] }),
  accountNumber: Type.Union([Type.String(), Type.Null()], {
    description: 'Of a bank account',
    examples: ['0123456789'],
  }),
  provider: Type.Union([Type.String(), Type.Null()], { description: 'Of a mobile wallet' }),
  phoneNumber: Type.Union([Type.String(), Type.Null()], { description: 'Of a mobile wallet' }),
  accountName: nullableText,
  nameCheck: nameCheckSchema,
  currency: Type.String({ examples: ['ZAR'] }),
  email: nullableText,
  description: nullableText,
  metadata: nullableMetadata,
  active: Type.Boolean({ description: 'Whether new payouts may go to it', examples: [true] }),
  createdAt: date,
  updatedAt: date,
})

export const stateSchema = Type.Unsafe<PayoutState>({
  type: 'string',
  enum: [...payoutStates],
  description: 'In awaiting_approval, pending, sending and sent the money is reserved',
  examples: ['pending'],
})

export const payoutSchema = Type.Object({
  id: Type.String({ description: 'Of the ledger transaction that paid it, too', examples: [payoutId] }),
  reference: Type.String({ examples: ['payroll-2026-11-zero'] }),
  customerId: Type.Union([Type.String(), Type.Null()], {
    description: 'Null for money of the merchant',
    examples: ['CUS_xnxdt6s1zg1f4nx'],
  }),
  amount: Type.Integer({ examples: [5000] }),
  currency: Type.String({ examples: ['ZAR'] }),
  destination: recipientSchema,
  feeBorneBy: Type.Unsafe<FeeBearer>({
    type: 'string',
    enum: ['owner', 'merchant'],
    description: 'owner: whoever owns the balance that the money leaves',
    examples: ['merchant'],
  }),
  estimatedFee: Type.Integer({
    description: 'The expected fee, reserved besides the amount; 0 where the merchant bears the fee',
    examples: [0],
  }),
  fee: Type.Union([Type.Integer(), Type.Null()], {
    description: 'What the processor has kept; null while it is not known',
  }),
  reason: nullableText,
  metadata: nullableMetadata,
  state: stateSchema,
  stateCode: { ...nullableText, description: 'Why it failed or came back, or what it waits for, in a word' },
  stateReason: { ...nullableText, description: 'The same in a sentence' },
  needsAttention: Type.Union([Type.Object({ code: Type.String(), reason: Type.String() }), Type.Null()], {
    description: 'Why a person has to look; null while nobody has to',
  }),
  approvalId: {
    ...nullableText,
    description: 'The approval that it waits for, or waited for; null for one that needed no second person',
  },
  settlementApprovalId: {
    ...nullableText,
    description: 'The approval that its settlement by hand waits for, or waited for last; null for none',
  },
  processor: Type.Union(
    [
      Type.Unsafe<ProcessorName>({ type: 'string', enum: ['sandbox', 'manual', 'paystack'], examples: ['sandbox'] }),
      Type.Null(),
    ],
    { description: 'Who pays it out; null while it has surely not been sent' },
  ),
  processorReference: Type.String({ description: 'Its name at the processor', examples: ['4f0q7j2c9x1m8v5b3n6k0d2s'] }),
  proof: { ...nullableText, description: 'The words of the person who settled it, or who looked at it after its end' },
  movementId: { ...nullableText, description: 'The ledger transaction that paid it, or that gave it back' },
  by: doerSchema,
  createdAt: date,
  updatedAt: date,
  endedAt: nullableDate,
})

export function renderNameCheck(check: NameCheck | null) {
  return check === null ? null : { ...check, checkedAt: check.checkedAt.toISOString() }
}

export function renderRecipient(recipient: Recipient) {
  const { type, bankCode, accountNumber } = recipient
  const isBank = type === 'bank_account'
  return {
    id: recipient.code,
    type,
    bankCode: isBank ? bankCode : null,
    accountNumber: isBank ? accountNumber : null,
    provider: isBank ? null : bankCode,
    phoneNumber: isBank ? null : accountNumber,
    accountName: recipient.name,
    nameCheck: renderNameCheck(nameCheckOf(recipient)),
    currency: recipient.currency,
    email: recipient.email,
    description: recipient.description,
    metadata: recipient.metadata,
    active: recipient.isActive,
    createdAt: recipient.createdAt.toISOString(),
    updatedAt: recipient.updatedAt.toISOString(),
  }
}

export function renderPayout(payout: Payout) {
  const { attention, attentionReason } = payout
  return {
    id: payout.id,
    reference: payout.reference,
    customerId: payout.customerCode,
    amount: Number(payout.amount),
    currency: payout.currency,
    destination: renderRecipient(payout.recipient),
    feeBorneBy: payout.feeBearer,
    estimatedFee: Number(payout.estimatedFee),
    fee: payout.fee === null ? null : Number(payout.fee),
    reason: payout.reason,
    metadata: payout.metadata,
    state: payout.state,
    stateCode: payout.stateCode,
    stateReason: payout.stateReason,
    needsAttention: attention === null ? null : { code: attention, reason: attentionReason ?? '' },
    approvalId: payout.approvalId,
    settlementApprovalId: payout.settlementApprovalId,
    processor: payout.processor,
    processorReference: payout.sentReference,
    proof: payout.proof,
    movementId: payout.movementId,
    by: renderDoer(payout.by),
    createdAt: payout.createdAt.toISOString(),
    updatedAt: payout.updatedAt.toISOString(),
    endedAt: payout.endedAt?.toISOString() ?? null,
  }
}
