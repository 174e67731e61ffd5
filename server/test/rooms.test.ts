import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { listRoutes } from './api.ts'

// Holds the layout of ARCHITECTURE.md: which room may import which, where a route lives, and that the sandbox can be taken away.

const src = fileURLToPath(new URL('../src', import.meta.url))

/** The rooms of the domain, from the ground up: each may import the rooms before it, none after it. */
const domainRooms = [
  'context',
  'merchants',
  'trail',
  'idempotency',
  'events',
  'customers',
  'identity',
  'webhooks',
  'ledger',
  'approvals',
  'wallet',
  'banking',
  'payments',
  'payouts',
  'reconciliation',
  'imports',
  'retention',
  'personal-data',
  'sandbox',
].map((room) => `domain/${room}`)

const dialects = ['surfaces/cashful', 'surfaces/paystack', 'surfaces/mteja']
const coreRooms = domainRooms.filter((room) => room !== 'domain/sandbox')

/** Which rooms each room may import, types included. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  db: ['base'],
  ...Object.fromEntries(domainRooms.map((room, i) => [room, ['base', 'db', ...domainRooms.slice(0, i)]])),
  upstream: ['base', ...coreRooms],
  'surfaces/http': ['base', ...coreRooms],
  ...Object.fromEntries(dialects.map((room) => [room, ['base', ...coreRooms, 'surfaces/http']])),
  'surfaces/hosted': ['base', ...coreRooms, 'surfaces/http', 'surfaces/mteja'],
  'surfaces/incoming': ['base', ...coreRooms, 'surfaces/http', 'surfaces/paystack', 'upstream'],
  'surfaces/operations': ['base', ...coreRooms, 'surfaces/http'],
  start: [
    'base',
    'db',
    ...domainRooms,
    'upstream',
    'surfaces/http',
    ...dialects,
    'surfaces/hosted',
    'surfaces/incoming',
    'surfaces/operations',
  ],
  cli: ['base', 'db', 'domain/merchants', 'domain/webhooks', 'start'],
  main: ['cli'],
}

/** Files that may import what their room may not. */
const exceptions: Record<string, readonly string[]> = {
  // The sandbox's own routes.
  'surfaces/mteja/routes/sandbox.ts': ['domain/sandbox'],
}

interface Import {
  from: string
  to: string
}

const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.endsWith('.test.ts'))
const imports = files.flatMap(importsOf)

/** Type imports and `import()` count like any other. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/(?:from|import\(|import)\s*'(\.[^']+)'/g)]
    .map(([, path = '']) => ({ from: file, to: normalize(join(dirname(file), path)) }))
    .filter(({ to }) => !to.startsWith('..'))
}

function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  if (first === 'domain' || first === 'surfaces') return `${first}/${second.replace(/\.ts$/, '')}`
  return first.replace(/\.ts$/, '')
}

describe('rooms', () => {
  test('each room imports only the rooms that it may', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [own, other] = [roomOf(from), roomOf(to)]
      return own !== other && ![...(allowed[own] ?? []), ...(exceptions[from] ?? [])].includes(other)
    })
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })

  test('every file is in a room', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => allowed[room] === undefined)).toEqual([])
  })

  test('every exception is needed', () => {
    const unused = Object.entries(exceptions).flatMap(([file, rooms]) =>
      rooms
        .filter((room) => !imports.some(({ from, to }) => from === file && roomOf(to) === room))
        .map((room) => `${file} does not import ${room}`),
    )
    expect(unused).toEqual([])
  })

  test('no file reaches itself by its imports, types included', () => {
    expect(circles()).toEqual([])
  })

  test('only start and the sandbox’s own routes import the sandbox', () => {
    const guests = imports
      .filter(({ from, to }) => roomOf(to) === 'domain/sandbox' && roomOf(from) !== 'domain/sandbox')
      .map(({ from }) => from)
    const strangers = guests.filter((file) => !/^start\//.test(file) && file !== 'surfaces/mteja/routes/sandbox.ts')
    expect(strangers).toEqual([])
  })
})

/** The shortest way round of each circle, written as file → file. */
function circles(): string[] {
  const next = new Map(files.map((file) => [file, imports.filter(({ from }) => from === file).map(({ to }) => to)]))
  const done = new Set<string>()
  const found: string[] = []
  const walk = (file: string, path: readonly string[]) => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const each of next.get(file) ?? []) walk(each, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  return found
}

const bases = { cashful: '/api/canary', mteja: '/v1', paystack: '' }

/** Files that hold more or less than the routes of one first path segment. */
const shared: Record<string, readonly string[]> = {
  // All of Paystack's /customer would be too long for one file: how a customer may be charged stands by itself.
  'paystack/customer': ['customer', 'customer-authorization'],
  // So would all of ours: the money of a customer stands by itself.
  'mteja/customers': ['customers', 'customer-money'],
  // One-time passwords are a setting.
  'paystack/transfer': ['transfer', 'transfer-otp'],
}

describe('routes', () => {
  test('each route lives in the file named after its first path segment', async () => {
    const routes = (await listRoutes({ adminKey: 'operator-0123456789' })).filter(({ hidden }) => !hidden)
    expect(routes.length).toBeGreaterThan(90)
    const lost = routes.filter(({ url }) => !placesOf(url).some(({ file, path }) => holds(file, path)))
    expect(lost.map(({ name }) => `${name} is not in a file of its name`)).toEqual([])
  })

  test('a file of routes holds no route of another segment', () => {
    const strays = globSync('surfaces/*/routes/*.ts', { cwd: src })
      .filter((file) => !file.endsWith('.test.ts'))
      .flatMap((file) => {
        const [, dialect = '', , name = ''] = file.replace(/\.ts$/, '').split('/')
        const written = readFileSync(join(src, file), 'utf8').matchAll(/^ {4,8}'\/([\w-]+)[^']*',$/gm)
        return [...written]
          .filter(([, segment = '']) => !fileNames(dialect, segment).includes(name))
          .map(([, segment]) => `${file} holds /${segment}`)
      })
    expect(strays).toEqual([])
  })
})

function placesOf(url: string): { file: string; path: string }[] {
  const [dialect = 'paystack', base = ''] =
    Object.entries(bases).find(([, each]) => each !== '' && url.startsWith(`${each}/`)) ?? []
  const path = url.slice(base.length)
  const [, segment = ''] = path.split('/')
  return fileNames(dialect, segment).map((name) => ({ file: `surfaces/${dialect}/routes/${name}.ts`, path }))
}

function fileNames(dialect: string, segment: string): readonly string[] {
  // Paystack spells some segments with an underscore.
  return shared[`${dialect}/${segment}`] ?? [segment.replaceAll('_', '-')]
}

function holds(file: string, path: string): boolean {
  return files.includes(file) && readFileSync(join(src, file), 'utf8').includes(`'${path}'`)
}
