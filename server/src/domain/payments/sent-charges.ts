import type { Tenant } from '../merchants/tenant.ts'
import type { Charge } from './payment-processor.ts'

/** A charge as a processor knows it: by a name of its own, so that nothing older there is ever taken for it. */
export interface SentCharge extends Pick<Charge, 'reference' | 'amount' | 'currency'> {
  /** Random, and never used for another charge. */
  sentReference: string
  /** Random. The processor keeps it with the charge: what bears it is ours. */
  marker: string
  /** The payer's; null for a charge that was given up before it was sent. */
  email: string | null
  /** It was given up: it must not be sent any more. */
  isStopped: boolean
}

/** A charge that is about to be sent, with the names that it gets if it is new. */
export type ChargeToSend = Omit<SentCharge, 'isStopped'>

/**
 * What a processor has to remember of its charges. Each change is committed before its promise is resolved: something is
 * sent only after it is on record.
 */
export interface SentCharges {
  /** Records a charge. A charge that is on record stays as it is, and is answered. */
  record(tenant: Tenant, charge: ChargeToSend): Promise<SentCharge>
  /** By our reference; null for a charge that was never recorded. */
  find(tenant: Tenant, reference: string): Promise<SentCharge | null>
  /** Gives a charge new names. The former names still belong to it: money may come under them. What was given up stays given up. */
  rename(tenant: Tenant, charge: ChargeToSend): Promise<SentCharge>
  /** Records a charge as given up, also a charge that is new. */
  stop(tenant: Tenant, charge: ChargeToSend): Promise<SentCharge>
  /** Lets one caller, ever, send the return of a charge's money: true for that caller. */
  claimReturn(tenant: Tenant, reference: string): Promise<boolean>
  /** Lets another caller send it: it has surely not been sent. */
  releaseReturn(tenant: Tenant, reference: string): Promise<void>
}
