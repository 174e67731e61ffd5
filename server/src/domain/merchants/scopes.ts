import { ServiceError } from '../../base/errors.ts'

/** The things that a key may do. docs/keys.md has the table of role × scope, and a test holds the two together. */
export const scopes = [
  'read',
  'customers:write',
  'money:write',
  'refunds:write',
  'payments:write',
  'pay_ins:write',
  'adjustments:write',
  'payouts:write',
  'approve',
  'developers',
  'settings',
] as const

export type Scope = (typeof scopes)[number]

/**
 * The scopes of each role. An owner has the scopes that are added later, too. A payment needs a payer's consent, so a
 * developer may begin payments. A pay-in or an adjustment by hand makes money by a word, so a developer may make neither.
 */
export const scopesOfRole = {
  viewer: ['read'],
  support: ['read', 'customers:write', 'refunds:write'],
  finance: [
    ...(['read', 'money:write', 'refunds:write', 'payments:write', 'pay_ins:write'] as const),
    ...(['adjustments:write', 'payouts:write', 'approve'] as const),
  ],
  developer: ['read', 'customers:write', 'payments:write', 'developers'],
  owner: scopes,
} as const satisfies Record<string, readonly Scope[]>

export type Role = keyof typeof scopesOfRole

export const roles = Object.keys(scopesOfRole) as [Role, ...Role[]]

/** What a key was given: a role, whose scopes are those of this release, or a list of its own. */
export type Grant = { role: Role; scopes: null } | { role: null; scopes: readonly Scope[] }

export const ownersGrant: Grant = { role: 'owner', scopes: null }

/** A scope or role that this release does not know gives nothing. */
export function scopesOf(grant: { role: string | null; scopes: readonly string[] | null }): readonly Scope[] {
  if (grant.role !== null) return Object.hasOwn(scopesOfRole, grant.role) ? scopesOfRole[grant.role as Role] : []
  return scopes.filter((each) => grant.scopes?.includes(each))
}

/** Throws `scope_missing`, naming the scope. */
export function requireScope(held: readonly Scope[], scope: Scope): void {
  if (held.includes(scope)) return
  const has = held.length === 0 ? 'no scope' : held.join(', ')
  throw new ServiceError('scope_missing', `This call needs the scope ${scope}, and the key or token has ${has}`)
}

/**
 * What a new key is given: its role or its scopes, `owner` where neither is said. Throws `invalid_request` for both, and
 * `scope_missing` for a scope that the maker lacks. The operator lacks none.
 */
export function grantOf(
  { role, scopes: listed }: { role?: Role | undefined; scopes?: readonly Scope[] | undefined },
  maker: readonly Scope[],
): Grant {
  if (role !== undefined && listed !== undefined) {
    throw new ServiceError('invalid_request', 'role and scopes cannot be given together; give one of them', 'scopes')
  }
  const grant: Grant =
    listed === undefined ? { role: role ?? 'owner', scopes: null } : { role: null, scopes: [...new Set(listed)] }
  const lacking = scopesOf(grant).filter((each) => !maker.includes(each))
  if (lacking.length === 0) return grant
  const field = listed === undefined ? 'role' : 'scopes'
  const message = `A key cannot give a scope that it lacks: ${lacking.join(', ')}; name a role or scopes that it has`
  throw new ServiceError('scope_missing', message, field)
}
