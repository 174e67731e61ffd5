import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { csvText } from '../../base/csv.ts'
import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../../domain/context.ts'
import { isKeyActive, type KeyHolder } from '../../domain/merchants/key-holders.ts'
import { getMerchant } from '../../domain/merchants/merchants.ts'
import type { Mode, Tenant } from '../../domain/merchants/tenant.ts'
import { largeRead } from '../../domain/merchants/turns.ts'
import { callerOf } from '../http/authentication.ts'
import type { Routes } from '../http/routes.ts'
import { sendText, whileOpen } from '../http/send-text.ts'
import type { SurfaceContext } from '../http/surface.ts'

/** The things that are exported. */
type Exported = 'transaction' | 'dispute' | 'transfer'

/** The contents of a link: whose things it answers, until when, and the key whose holder made it. */
interface Link<Query> {
  merchant: number
  mode: Mode
  query: Query
  /** Null for a caller without a key. Missing in a link of the release before. */
  apiKeyId?: string | null
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** For how long a link can be followed. A download that has begun is not cut off then. */
const lifetimeMs = 60_000

/** The answer of an export: the address of the file, good for a minute, and the end of the link as Paystack writes it. */
export function answerExport(
  { context, publicUrl }: SurfaceContext,
  request: FastifyRequest,
  exported: Exported,
  query: object,
) {
  const now = context.clock.now()
  const { link, expiresAt } = sealLink(context, callerOf(request), exported, query)
  const data = {
    path: `${publicUrl()}/${exported}/export/${exported}s_${now.getTime()}.csv?link=${link}`,
    expiresAt: expiresAt.toISOString().slice(0, 19).replace('T', ' '),
  }
  return { status: true as const, message: 'Export successful', data }
}

/** `GET /…/export/:name`, which sends the file of a link. `write` gets the query that the link was made of. */
export function serveExport<Query>(
  routes: Routes,
  context: Context,
  exported: Exported,
  write: (tenant: Tenant, query: Query) => AsyncGenerator<string>,
): void {
  routes.get(
    `/${exported}/export/:name`,
    {
      scope: 'public',
      // For browsers and downloaders that follow the link: it is not in the reference of the API.
      schema: {
        hide: true,
        params: Type.Object({ name: Type.String() }),
        querystring: Type.Object({ link: Type.String() }),
      },
    },
    async (request, reply) => {
      const { tenant, query, isKeyActive } = await openLink<Query>(context, exported, request.query.link)
      reply.header('content-disposition', 'attachment')
      return sendText(reply, 'text/csv; charset=utf-8', whileOpen(reply, write(tenant, query), isKeyActive))
    },
  )
}

/** A step of an export, newest first. */
interface Step {
  limit: number
  olderThan?: bigint
}

/** How the items of an export become lines. */
interface CsvRows<Item> {
  columns: readonly string[]
  read: (step: Step) => Promise<{ items: Item[]; hasOlder: boolean }>
  cellsOf: (item: Item) => readonly unknown[]
  /** The number after which the next step begins. */
  idOf: (item: Item) => bigint | null
}

/** A file as CSV, made while it is sent. Each step waits for the turn of the merchant. */
export async function* writeCsv<Item>(
  context: Context,
  tenant: Tenant,
  { columns, read, cellsOf, idOf }: CsvRows<Item>,
): AsyncGenerator<string> {
  const writeLine = (item: Item) =>
    `${cellsOf(item)
      .map((cell) => csvText(String(cell ?? '')))
      .join(',')}\n`
  yield `${columns.join(',')}\n`
  for (let step: Step = { limit: 500 }; ; ) {
    const { items, hasOlder } = await largeRead(context, tenant, () => read(step))
    yield items.map(writeLine).join('')
    const last = items.at(-1)
    const olderThan = last === undefined ? null : idOf(last)
    if (!hasOlder || olderThan === null) return
    step = { ...step, olderThan }
  }
}

/**
 * A text that opens the things of a query for a minute, or until the key of the caller is revoked, for anybody who has it. It
 * is sealed with the server's key: nothing is stored, nobody can change it, and any server of the installation opens it.
 */
function sealLink(
  { vault, clock }: Context,
  { tenant, apiKeyId }: KeyHolder,
  exported: Exported,
  query: object,
): { link: string; expiresAt: Date } {
  const expiresAt = clock.now().getTime() + lifetimeMs
  const link: Link<object> = { merchant: tenant.merchant.id, mode: tenant.mode, query, apiKeyId, expiresAt }
  return { link: vault.sealText(JSON.stringify(link), `${exported} export`), expiresAt: new Date(expiresAt) }
}

/** What a link opens. */
interface OpenLink<Query> {
  tenant: Tenant
  query: Query
  /** Whether the link still opens it: its key may end during a download. */
  isKeyActive: () => Promise<boolean>
}

/** Throws `not_found` for a link that this server never made, that has expired, or whose key has ended. */
async function openLink<Query>(context: Context, exported: Exported, text: string): Promise<OpenLink<Query>> {
  const link = readLink<Query>(context, exported, text)
  if (link === null) throw new ServiceError('not_found', `There is no such export; ask for /${exported}/export`)
  if (link.expiresAt < context.clock.now().getTime()) {
    const message = `The link to the export has expired: it is good for 60 seconds; ask for /${exported}/export again`
    throw new ServiceError('not_found', message)
  }
  const { merchant, mode, query, apiKeyId = null } = link
  const isActive = async () => apiKeyId === null || (await isKeyActive(context, merchant, apiKeyId))
  if (!(await isActive())) {
    const message = `The key that asked for this export was revoked or has expired; ask for /${exported}/export again`
    throw new ServiceError('not_found', message)
  }
  const tenant = { merchant: await getMerchant(context, String(merchant)), mode }
  return { tenant, query, isKeyActive: isActive }
}

function readLink<Query>({ vault }: Context, exported: Exported, text: string): Link<Query> | null {
  try {
    return JSON.parse(vault.openText(text, `${exported} export`)) as Link<Query>
  } catch {
    // Not sealed by this key: the caller refuses it.
    return null
  }
}
