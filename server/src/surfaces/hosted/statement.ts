import type { FastifyPluginAsync } from 'fastify'
import { openStatementLink } from '../../domain/wallet/statement-links.ts'
import { readAllEntries } from '../../domain/wallet/statements.ts'
import { guardPage, pageType } from '../http/page.ts'
import type { Problem } from '../http/problem.ts'
import { sendText, whileOpen } from '../http/send-text.ts'
import type { SurfaceContext } from '../http/surface.ts'
import { statusByCode } from '../mteja/errors.ts'
import { statementPage } from '../mteja/statement.ts'
import { servePages } from './serve-pages.ts'

/** `/statement/:token`: a statement, opened in a browser by a link that was made a few minutes before. */
export const statementLinkPage: FastifyPluginAsync<SurfaceContext> = async (app, surface) => {
  const { context } = surface
  servePages(app, surface, { prefix: '/statement', title: 'Statement', sentenceFor: describeProblem })

  app.get<{ Params: { token: string } }>('/statement/:token', { schema: { hide: true } }, async (request, reply) => {
    const opened = await openStatementLink(context, request.params.token)
    const entries = readAllEntries(context, opened.tenant, opened.statement)
    const page = statementPage({ ...opened, entries, madeAt: context.clock.now() })
    return sendText(guardPage(reply), pageType, whileOpen(reply, page, opened.isKeyActive))
  })
}

function describeProblem({ code, expected, message }: Problem): string {
  if (statusByCode[code] === 404) return 'This link has expired, or it is not complete. Ask for a new link.'
  return expected && code !== 'busy' ? message : 'Something went wrong on our side. Look again in a moment.'
}
