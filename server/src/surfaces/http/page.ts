import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Html, html } from './html.ts'
import { style } from './page-style.ts'

/** The frame of a page. */
export interface Frame {
  /** Shown in the browser's tab. */
  title: string
  /** Shown across the top of the page, such as that no real money moves. Default none. */
  notice?: string | null | undefined
  /** `narrow` for a form, `wide` for a table. Default `narrow`. */
  width?: 'narrow' | 'wide'
  /** The browser asks for the page again after this time. Default never. */
  reloadSeconds?: number
}

export interface Page extends Frame {
  /** The content, with the one first heading of the page. */
  body: Html
  /** The address to which a form of the page may lead; null for an address of this server. Default null. */
  returnUrl?: string | null | undefined
}

const noReferrer = 'no-referrer'
const styleHash = createHash('sha256').update(style).digest('base64')

/** The beginning of a page: everything before its content. */
export function pageStart({ title, notice = null, width = 'narrow', reloadSeconds }: Frame): string {
  const reload =
    reloadSeconds === undefined ? '' : html`\n<meta http-equiv="refresh" content="${String(reloadSeconds)}">`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">${reload}
<title>${title}</title>
<style>${{ markup: style }}</style>
</head>
<body>${notice === null ? '' : html`<p class="strip">${notice}</p>`}
<main class="${width}">
`.markup
}

export const pageType = 'text/html; charset=utf-8'

export const pageEnd = '\n</main>\n</body>\n</html>\n'

/** Sends a page. It loads and runs nothing, works offline, and is kept by no cache. */
export function sendPage(reply: FastifyReply, page: Page) {
  return guardPage(reply, page.returnUrl ?? null).send(textOf(page))
}

/**
 * Gives an answer the headers of a page. Only the style of all pages is allowed, by its hash, and the server's icon, which
 * browsers ask for by themselves. A form may lead to the merchant's address and on to its redirects. Browsers check every
 * redirect against `form-action`, so its scheme is as narrow as possible.
 */
export function guardPage(reply: FastifyReply, returnUrl: string | null = null): FastifyReply {
  return reply.headers(pageHeaders(returnUrl)).type(pageType)
}

/** A page with its headers, for an answer that is written by hand. */
export function writePage(page: Page): { headers: Readonly<Record<string, string>>; body: string } {
  const headers = { 'content-type': pageType, ...pageHeaders(page.returnUrl ?? null) }
  return { headers, body: textOf(page) }
}

function textOf(page: Page): string {
  return `${pageStart(page)}${page.body.markup}${pageEnd}`
}

function pageHeaders(returnUrl: string | null): Record<string, string> {
  const schemes = returnUrl === null ? '' : returnUrl.toLowerCase().startsWith('https:') ? ' https:' : ' http: https:'
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    "img-src 'self'",
    `form-action 'self'${schemes}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return { 'content-security-policy': policy.join('; '), 'referrer-policy': noReferrer }
}

/** Sees to the headers that every HTML page has, whoever makes it: its address may open something for whoever knows it. */
export function guardPages(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    const type = reply.getHeader('content-type')
    if (typeof type === 'string' && type.startsWith('text/html')) reply.header('referrer-policy', noReferrer)
    done(null, payload)
  })
}
