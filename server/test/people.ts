import type { Context } from '../src/domain/context.ts'
import { inTransaction } from '../src/domain/context.ts'
import { actorIdOf } from '../src/domain/merchants/actors.ts'
import { createApiKey, type NewApiKey } from '../src/domain/merchants/api-keys.ts'
import { createPerson } from '../src/domain/merchants/people.ts'
import type { Tenant } from '../src/domain/merchants/tenant.ts'

/** A tenant, as somebody acts for it with a key. */
export interface Colleague extends Tenant {
  readonly keyId: string
  readonly personId: string | null
  readonly secret: string
}

/** Makes a person without a key. */
function makePerson(service: Context, tenant: Tenant, name: string) {
  const email = `${name}-${service.random.bytes(6).toString('hex')}@duka.example`.toLowerCase()
  return inTransaction(service, (tx) => createPerson(tx, tenant, { name, email }))
}

/** A key that acts; by default the operator makes it, for a new person. */
export async function hire(
  service: Context,
  { merchant, mode }: Tenant,
  name: string,
  options: Partial<NewApiKey> = {},
): Promise<Colleague> {
  const personId =
    options.personId === undefined ? (await makePerson(service, { merchant, mode }, name)).id : options.personId
  const { apiKey, secret } = await createApiKey(service, merchant, { mode, name, ...options, personId })
  return { ...(await actingWith(service, { merchant, mode }, apiKey.id)), keyId: apiKey.id, personId, secret }
}

/** The tenant as a key acts for it. */
async function actingWith(context: Context, { merchant, mode }: Tenant, apiKeyId: string): Promise<Tenant> {
  const id = await actorIdOf(context, { merchantId: merchant.id, kind: 'key', apiKeyId, surface: 'mteja' })
  return { merchant, mode, actor: { id, requestId: 'a request' } }
}
