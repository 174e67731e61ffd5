import type { FastifyContextConfig } from 'fastify'
import type { KeyFinder } from '../../domain/api-keys.ts'
import type { CustomerQueues } from '../../domain/customers.ts'
import type { BalanceFinder } from '../../domain/ledger/balances.ts'
import type { Poster } from '../../domain/ledger/posting.ts'
import type { Tokens } from '../../domain/tokens.ts'
import type { Service } from '../../service.ts'
import type { Documents } from '../docs.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a credential. */
    public?: boolean
  }
}

/** What a surface works with. */
export interface SurfaceContext {
  service: Service
  customers: CustomerQueues
  findBalance: BalanceFinder
  post: Poster
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

export type { FastifyContextConfig }
