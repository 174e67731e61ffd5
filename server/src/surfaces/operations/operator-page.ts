import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { lookAtDatabase } from '../../domain/context.ts'
import { pageType, sendPage } from '../http/page.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { icon } from './icon.ts'
import { placesBody } from './places.ts'

/** Made by dashboard/vite.config.ts and shipped in the package, never in the repository. Src and dist are equally deep. */
const shippedPage = new URL('../../../dist/app/', import.meta.url)

/** Stands in the built page for the nonce of each answer. */
const noncePlace = '__NONCE__'

const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const

/** The name of a file as the build writes it: its beginning, the hash of its content, its type. */
const assetName = /^[\w-]+\.(css|js)$/

/** A file of this name has the same content for ever. */
const forEver = 'public, max-age=31536000, immutable'

interface PageOptions extends Pick<SurfaceContext, 'context' | 'publicUrl'> {
  /** The folder of the built page; default the one that is shipped. */
  pageFolder?: URL | undefined
}

/**
 * `/app`: the operator's page. A browser that asks for `/` is shown it too. Any other caller of `/`, which is Paystack's, gets
 * the answer that it would get without the page. Every address below `/app` is the page, which reads its own address. In a
 * clone the page is built behind the running server. Until then, `/app` says where things are and reloads itself.
 */
export const operatorPage: FastifyPluginAsync<PageOptions> = async (
  app,
  { context, publicUrl, pageFolder = shippedPage },
) => {
  const sendApp = async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.header('vary', 'accept')
    const built = await readIfThere(new URL('index.html', pageFolder))
    if (built !== undefined) return sendBuilt(reply, built.toString())
    const body = placesBody(publicUrl(), await lookAtDatabase(context))
    return sendPage(reply, { title: 'Mteja', width: 'wide', notice: beingBuilt, reloadSeconds: 2, body })
  }
  app.get('/app', { schema: { hide: true } }, sendApp)
  app.get('/app/*', { schema: { hide: true } }, sendApp)

  // All answers share the bytes, however slowly their callers read.
  const kept = new Map<string, Buffer>()
  app.get<{ Params: { name: string } }>('/app/assets/:name', { schema: { hide: true } }, async (request, reply) => {
    const { name } = request.params
    const [, type] = assetName.exec(name) ?? []
    const isPacked = new Negotiator(request.raw).encoding(['gzip', 'identity']) === 'gzip'
    const file = new URL(`assets/${name}${isPacked ? '.gz' : ''}`, pageFolder)
    const content = type === undefined ? undefined : (kept.get(file.href) ?? (await readIfThere(file)))
    // A page that was opened before an upgrade asks for a file of the former build.
    if (content === undefined) return reply.status(404).type('text/plain; charset=utf-8').send('There is no such file.')
    kept.set(file.href, content)
    if (isPacked) reply.header('content-encoding', 'gzip')
    return reply
      .header('vary', 'accept-encoding')
      .header('cache-control', forEver)
      .type(types[type as keyof typeof types])
      .send(content)
  })

  app.get('/favicon.ico', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(icon),
  )
}

const beingBuilt = 'The operator’s page is being built, and appears here by itself. If it does not, run: npm run build'

/**
 * Sends the built page. It loads and asks nothing but this server. Its library writes styles while it runs: they carry a nonce,
 * which only this answer has.
 */
function sendBuilt(reply: FastifyReply, built: string): FastifyReply {
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return reply
    .header('content-security-policy', policy.join('; '))
    .header('cross-origin-opener-policy', 'same-origin')
    .header('referrer-policy', 'no-referrer')
    .type(pageType)
    .send(built.replaceAll(noncePlace, nonce))
}

async function readIfThere(file: URL): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
