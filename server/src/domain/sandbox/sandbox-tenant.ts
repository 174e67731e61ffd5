import { ServiceError } from '../../base/errors.ts'
import type { Tenant } from '../merchants/tenant.ts'

declare const isSandboxTenant: unique symbol

/** A tenant in test mode, for whom the sandbox may make things up. Only `sandboxTenantOf` gives one. */
export type SandboxTenant = Tenant & { readonly [isSandboxTenant]: true }

/** The tenant, if the sandbox may make things up for them. Throws `test_mode_only`. */
export function sandboxTenantOf(tenant: Tenant): SandboxTenant {
  if (tenant.mode === 'test') return tenant as SandboxTenant
  throw new ServiceError('test_mode_only', 'The sandbox makes things up in test mode only; use a test key')
}
