import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createMerchant } from './server.ts'

/** The package as a user has it: packed, and installed into an empty folder. */
const client = fileURLToPath(new URL('..', import.meta.url))
const { baseUrl, adminKey } = inject('server')
// The Node that runs the tests, and the Node that npm was started with. On most machines these are two versions.
const nodes = [...new Set([process.execPath, process.env.npm_node_execpath ?? process.execPath])]
// Tested only where they are installed: `npm install --global deno bun`.
const runtimes = ['deno', 'bun'].map((name) => ({ name, isInstalled: isInstalled(name) }))
const browser = ['/usr/bin/chromium', '/usr/bin/google-chrome', process.env.CHROMIUM_PATH ?? ''].find(existsSync)
const expected = '{"amounts":[-50,5000],"total_transactions":1,"isMissing":true,"isForged":true,"shown":"49.50"}'
const run = promisify(execFile)

let folder: string
let tarball: string
let files: string[]
let key: string

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'mteja client ')))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: client })
  const [packed] = JSON.parse(stdout)
  files = packed.files.map(({ path }: { path: string }) => path)
  tarball = join(folder, packed.filename)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder })
  cpSync(join(client, 'test/smoke.mjs'), join(folder, 'smoke.mjs'))
  const common = readFileSync(join(client, 'test/smoke.mjs'), 'utf8')
    .replace(/^import (\{[^}]*\}) from ('.*')$/m, 'const $1 = require($2)')
    .replace('export async function', 'exports.smoke = async function')
  writeFileSync(join(folder, 'smoke.cjs'), common)
  for (const kind of ['mjs', 'cjs']) writeFileSync(join(folder, `run-${kind}.mjs`), runnerOf(kind))
  key = await createMerchant({ baseUrl, adminKey })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the package holds the code, its types, its sources for the maps, the licence and the readme, and nothing else', () => {
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/esm/index.js', 'dist/cjs/index.d.ts']))
  const fit =
    /^(dist\/(esm|cjs)\/.+\.(js|d\.ts)(\.map)?|dist\/cjs\/package\.json|src\/.+\.ts|LICENSE|README\.md|package\.json)$/
  expect(files.filter((path) => !fit.test(path) || /\.test\./.test(path))).toEqual([])
})

test('the package has no dependencies', () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(client, 'package.json'), 'utf8'))
  expect([dependencies, peerDependencies]).toEqual([undefined, undefined])
})

describe.each(nodes)('on %s', (node) => {
  test.each(['mjs', 'cjs'])(`the client runs as %s on ${node}`, async (kind) => {
    const { stdout } = await run(node, [`run-${kind}.mjs`, baseUrl, key], { cwd: folder })
    expect(stdout.trim()).toBe(expected)
  })
})

describe.each(runtimes)('on $name', ({ name, isInstalled }) => {
  test.skipIf(!isInstalled)(`the client runs on ${name}`, async () => {
    const args = name === 'deno' ? ['run', '--allow-net', '--allow-env'] : ['run']
    const { stdout } = await run(name, [...args, 'run-mjs.mjs', baseUrl, key], { cwd: folder })
    expect(stdout.trim()).toBe(expected)
  })
})

test.each([
  ['nodenext', 'esm.mts'],
  ['nodenext', 'cjs.cts'],
  ['bundler', 'bundled.ts'],
])('the client’s types are right for TypeScript with module resolution %s (%s)', async (resolution, name) => {
  const source = readFileSync(join(client, 'test/types.ts'), 'utf8').replace('../src/index.ts', '@mteja/client')
  // CommonJS has no top-level await.
  const head = source.slice(0, source.indexOf("from '@mteja/client'") + 21)
  const body = source.slice(head.length).replaceAll('export ', '')
  writeFileSync(join(folder, name), name.endsWith('.cts') ? `${head}\nasync () => {${body}}` : source)
  const options = {
    module: resolution === 'bundler' ? 'esnext' : resolution,
    moduleResolution: resolution,
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    // Checks the package's own declarations too.
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [name] }))
  const compiler = join(client, '../node_modules/typescript/bin/tsc')
  expect(await runTool(compiler, ['--project', folder])).toBe('')
})

test('each API’s client alone is small', async () => {
  const { stdout } = await run(process.execPath, [join(client, 'scripts/size.mjs')])
  // For the reader of the run's log.
  console.log(stdout)
})

test('publint finds no fault in the package', async () => {
  const { publint } = await import('publint')
  const { formatMessage } = await import('publint/utils')
  const pkg = JSON.parse(readFileSync(join(client, 'package.json'), 'utf8'))
  const { messages } = await publint({ pkgDir: join(folder, 'node_modules/@mteja/client'), strict: true, pack: false })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

test('attw finds no fault in the package’s types', async () => {
  const tool = createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json')
  const output = await runTool(join(dirname(tool), 'dist/index.js'), [tarball, '--no-emoji'])
  expect(output).toContain('No problems found')
})

test.skipIf(browser === undefined)(
  'the client runs in a browser, on a page of another origin than the server’s',
  async () => {
    const bundler = await rolldown({ input: join(folder, 'smoke.mjs') })
    const { output } = await bundler.generate({ format: 'esm', minify: true })
    await bundler.close()
    const pages = createServer((request, response) => {
      const isScript = request.url === '/smoke.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? output[0].code : '<!doctype html><title>A shop</title>')
    }).listen(0, '127.0.0.1')
    const args = ['--no-sandbox', '--disable-gpu', '--disable-sync']
    // Only the test's own limit ends the start of the browser.
    const window = await chromium.launch({ executablePath: browser as string, args, timeout: 0 })
    try {
      const page = await window.newPage()
      page.setDefaultTimeout(0)
      await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/`)
      // The script is text, because only the page can import the module.
      const script = `import('/smoke.js').then(({ smoke }) => smoke(${JSON.stringify(baseUrl)}, ${JSON.stringify(key)}))`
      expect(await page.evaluate(script)).toBe(expected)
    } finally {
      await window.close()
      pages.close()
    }
  },
)

function runnerOf(kind: string): string {
  return `import * as own from './smoke.${kind}'
const { smoke } = own.default ?? own
console.log(await smoke(...process.argv.slice(2)))
`
}

/** The output of a program, whether it fails or not. */
async function runTool(program: string, args: string[]): Promise<string> {
  try {
    return (await run(process.execPath, [program, ...args], { cwd: folder })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `${stdout}${stderr}`
  }
}

function isInstalled(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
