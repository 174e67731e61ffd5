import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import type { Context, FreeContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentMethod } from './payment-methods.ts'

/** What a processor needs to know of an instrument. Never a card number. */
export type ChargedInstrument = Pick<PaymentMethod, 'type'> & Partial<Pick<PaymentMethod, 'bin' | 'last4' | 'phone'>>

export interface Charge {
  /** Names the charge: two of one reference are one. */
  reference: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  instrument: ChargedInstrument
}

/** `processing` may become either of the others; those are final. */
export type ChargeState =
  | { status: 'processing' }
  | { status: 'succeeded' }
  /** `reason` is for the one who pays. */
  | { status: 'failed'; reason: string }

/**
 * Whoever takes money from outside: a bank's gateway, a mobile money operator. It tells of a charge in its answer, in
 * notices and when it is asked again; none of them is believed but what it answers to a question. Never called in a
 * database transaction: it may take its time.
 */
export interface PaymentProcessor {
  /** How long after a customer's consent their bank is expected to have agreed to a mandate, in milliseconds. */
  readonly mandateCheckMs: number
  /** Takes the money once for a reference, however often it is asked. */
  charge(tenant: Tenant, charge: Charge): Promise<ChargeState>
  /** How the charge stands now; null for a reference it has never heard of. */
  query(tenant: Tenant, reference: string): Promise<ChargeState | null>
  /** Gives up a charge, also one that has not arrived yet. Answers how it stands: one that succeeded stays so. */
  stop(tenant: Tenant, charge: Omit<Charge, 'instrument'>): Promise<ChargeState>
  /** Returns the money of a charge that succeeded. Doing it again changes nothing. */
  giveBack(tenant: Tenant, reference: string): Promise<void>
}

/** What payments add to the context: who takes money from outside for a tenant; null where nobody does. */
export interface ProcessorChoice {
  readonly processorOf: (context: Context, tenant: Tenant) => Promise<PaymentProcessor | null>
}

/** A context in which payments are made: a processor is never asked while a transaction stands open. */
export type PaymentsContext = FreeContext & ProcessorChoice

/** The tenant's processor. Throws `not_available` where it has none. */
export async function requireProcessor(context: Context & ProcessorChoice, tenant: Tenant): Promise<PaymentProcessor> {
  const processor = await context.processorOf(context, tenant)
  if (processor !== null) return processor
  throw new ServiceError(
    'not_available',
    `Payments from outside are not available in ${tenant.mode} mode on this server`,
  )
}
