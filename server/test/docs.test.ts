import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { errorCodes, ServiceError } from '../src/base/errors.ts'
import { eventTypes } from '../src/domain/events/events.ts'
import { workers } from '../src/start/background.ts'
import * as cashful from '../src/surfaces/cashful/errors.ts'
import { sendProblems } from '../src/surfaces/http/answer-problems.ts'
import type { Dialect } from '../src/surfaces/http/open-surface.ts'
import * as mteja from '../src/surfaces/mteja/errors.ts'
import { refusalExamples, sampleRefusals } from '../src/surfaces/operations/docs.ts'
import * as paystack from '../src/surfaces/paystack/errors.ts'

// Compares documents with the code. Each must have everything that the other has.

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('docs/errors.md', () => {
  const document = read('docs/errors.md')

  test('docs/errors.md explains every code, and no other, in the order of errors.ts', () => {
    expect(matches(document, /^### `([a-z_]+)`$/gm)).toEqual([...errorCodes])
  })

  test('docs/errors.md has each API’s answer to each code', async () => {
    expect(document).toContain(await renderAnswers())
  })
})

describe('docs/operating.md', () => {
  const tables = tableRows(read('docs/operating.md'))

  test('docs/operating.md has every environment variable the server reads, and no other', () => {
    const known = matches(read('server/src/start/config.ts'), /text\('([A-Z_]+)'\)/g)
    expect(unique(matches(tables, /`((?:MTEJA_|DATABASE_|PORT)[A-Z_]*)`/g))).toEqual(unique(known))
  })

  test('docs/operating.md has every flag of the command line, and no other', () => {
    const files = globSync('cli/*.ts', { cwd: join(root, 'server/src') }).filter((file) => !file.endsWith('.test.ts'))
    const sources = files.map((file) => read(`server/src/${file}`)).join('')
    const known = matches(sources, /'(?:-\w, )?(--[a-z-]+)[ ']/g)
    expect(unique(matches(tables, /`(--[a-z-]+)/g))).toEqual(unique(known.filter((flag) => flag !== '--help')))
  })

  test('docs/operating.md has every task of the background, and no other', () => {
    const [, section = ''] = read('docs/operating.md').split('\n## Background work\n')
    const [own = ''] = section.split('\n## ')
    expect(matches(tableRows(own), /^\| `([a-z_]+)`/gm).sort()).toEqual(workers.map(({ task }) => task).sort())
  })
})

test('/docs shows refusals as the surfaces answer them', async () => {
  const surfaces = { cashful, paystack, mteja }
  const compared: Record<string, number[]> = { cashful: [], paystack: [], mteja: [] }
  for (const [name, examples] of Object.entries(refusalExamples)) {
    const { renderProblem } = surfaces[name as keyof typeof surfaces]
    for (const status of Object.keys(examples).map(Number)) {
      const { code, message } = sampleRefusals[status] as (typeof sampleRefusals)[number]
      const answer = await answerTo(renderProblem, new ServiceError(code, message))
      // Where a surface answers this code with another status, its documents show no example of it.
      if (answer.status !== status) continue
      expect(examples[status]).toEqual(answer.body)
      compared[name]?.push(status)
    }
  }
  expect(compared).toEqual({
    cashful: [400, 401, 402, 404, 409],
    paystack: [400, 401, 404, 409],
    mteja: [400, 401, 402, 403, 404, 409],
  })
})

test('/docs shows a 403 of Paystack’s as the surface answers what live mode does not have', async () => {
  const message = 'Identity checks are not available in live mode on this server'
  const answer = await answerTo(paystack.renderProblem, new ServiceError('not_available', message))
  expect(answer).toEqual({ status: 403, body: refusalExamples.paystack[403] })
})

test('docs/events.md has every event type, and no other', () => {
  expect(matches(read('docs/events.md'), /^\| `([a-z_]+\.[a-z_.]+)` \|/gm)).toEqual([...eventTypes])
})

describe.skipIf(!existsSync(join(root, '.git')))('the files of the repository', () => {
  test('links between documents lead to a file and its heading', () => {
    const documents = listFiles().filter((path) => path.endsWith('.md'))
    expect(documents.flatMap((path) => brokenLinks(path))).toEqual([])
  })

  test('no file names the machine or the registry it was written with', () => {
    const own = listFiles().filter((path) =>
      /\.(ts|mjs|js|json|jsonc|md|sql|css|html|yml|yaml)$|^[^.]+$|^\.[^/]+$/.test(path),
    )
    expect(own.flatMap((path) => localNames(path))).toEqual([])
  })
})

/** Files that git tracks, and new files that it would track. */
function listFiles(): string[] {
  return execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
    .toString()
    .split('\0')
    .filter((path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile())
}

/** The table of docs/errors.md, made from the answers of the surfaces. */
async function renderAnswers(): Promise<string> {
  const answers = await Promise.all([cashful, paystack, mteja].map((surface) => answersOf(surface.renderProblem)))
  const rows = errorCodes.map((code, i) => {
    const [ofCashful, ofPaystack, ofMteja] = answers.map((each) => each[i]) as [Answer, Answer, Answer]
    const { type, code: paystackCode } = ofPaystack.body as { type: string; code: string }
    const link = `[\`${code}\`](#${code})`
    return `| ${link} | ${ofCashful.status} | ${ofPaystack.status} \`${paystackCode}\`, ${type} | ${ofMteja.status} |`
  })
  return ['| code | Cashful | Paystack: status, `code`, `type` | Mteja |', '|---|---|---|---|', ...rows].join('\n')
}

interface Answer {
  status: number
  body: unknown
}

/** The answers of a surface to all codes, in the order of the codes. */
function answersOf(render: Dialect['render']): Promise<Answer[]> {
  return Promise.all(errorCodes.map((code) => answerTo(render, new ServiceError(code, 'a message'))))
}

async function answerTo(render: Dialect['render'], refusal: ServiceError): Promise<Answer> {
  const app = Fastify()
  sendProblems(app, render)
  app.get('/', () => {
    throw refusal
  })
  const response = await app.inject('/')
  await app.close()
  return { status: response.statusCode, body: response.json() }
}

/** `path: target` for each relative link to a missing file or a missing heading. */
function brokenLinks(path: string): string[] {
  const text = withoutCode(read(path))
  const targets = matches(text, /\]\(([^)\s]+)\)/g).filter((target) => !/^[a-z]+:/.test(target))
  return targets.filter((target) => !leadsSomewhere(path, target)).map((target) => `${path}: ${target}`)
}

function leadsSomewhere(path: string, target: string): boolean {
  const [file = '', heading] = target.split('#')
  const full = file === '' ? join(root, path) : resolve(root, dirname(path), file)
  if (!existsSync(full)) return false
  if (heading === undefined) return true
  return statSync(full).isFile() && headingsOf(readFileSync(full, 'utf8')).includes(heading)
}

/** The anchors that Markdown hosts give to headings. */
function headingsOf(text: string): string[] {
  const plain = text.replace(/^(```|~~~).*?^\1/gms, '')
  return matches(plain, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Code is left out, because examples may look like links. */
function withoutCode(text: string): string {
  return text.replace(/^(```|~~~).*?^\1/gms, '').replace(/`[^`\n]*`/g, '')
}

const localPatterns = [
  /(?<![\w.])\/(?:work|root|home|Users|workspace)\/[\w.-]+/,
  /https?:\/\/[^\s"'`)]*(?:registry|artifactory|nexus|verdaccio|proxy)[^\s"'`)]*/i,
  /https?:\/\/(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+/,
]

/** `path:line: text` for each line with a folder of a developer's machine, a package registry or a private address. */
function localNames(path: string): string[] {
  return read(path)
    .split('\n')
    .flatMap((line, i) => {
      const found = localPatterns.map((pattern) => pattern.exec(line)?.[0]).find((each) => each !== undefined)
      return found === undefined ? [] : `${path}:${i + 1}: ${found}`
    })
}

function tableRows(text: string): string {
  return matches(text, /^(\|.*)$/gm).join('\n')
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] as string)
}

function unique(texts: string[]): string[] {
  return [...new Set(texts)].sort()
}
