import type { Service } from '../../domain/context.ts'
import { type CustomerQueues, createCustomerQueues } from '../../domain/customers/customers.ts'
import { type BalanceFinder, createBalanceFinder } from '../../domain/ledger/balances.ts'
import { createLedger, type Ledger } from '../../domain/ledger/commands.ts'
import type { KeyFinder } from '../../domain/merchants/api-keys.ts'
import type { Tokens } from '../../domain/merchants/tokens.ts'
import type { Documents } from '../operations/docs.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a credential. */
    public?: boolean
  }
}

/** The domain as a surface calls it: the service, and the queues in which calls that arrive together go together. */
export interface Domain {
  service: Service
  customers: CustomerQueues
  findBalance: BalanceFinder
  ledger: Ledger
}

export function createDomain(service: Service): Domain {
  return {
    service,
    customers: createCustomerQueues(service),
    findBalance: createBalanceFinder(service),
    ledger: createLedger(service),
  }
}

/** What a surface works with. */
export interface SurfaceContext extends Domain {
  findKey: KeyFinder
  tokens: Tokens
  /** Where a surface puts its API reference. */
  documents: Documents
  /** The operator's key for merchants and keys of all; those routes do not exist without it. */
  adminKey: string | undefined
  /** Where people reach this server: hosted pages' addresses begin with it. No slash at its end. */
  publicUrl: () => string
  /** `strict` answers as Paystack does where clients err; `lenient` accepts what can be understood. */
  paystackMetadata: 'lenient' | 'strict'
}
