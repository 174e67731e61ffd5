// npm test: `npm run check`, the server's whole suite on the embedded database and again on PostgreSQL, and the tests of
// the other workspaces. Everything runs even when something failed before; the last lines name what failed, and the sum.
//
// Arguments: all | embedded | postgresql, then whatever vitest takes: `npm test -- customers -t race`. With arguments for
// vitest only those tests run, without the check. With --long the tests that take minutes run too (`*.long.test.ts`).
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import process from 'node:process'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

const [selection = 'all', ...args] = process.argv.slice(2)
const vitestArgs = args.filter((arg) => arg !== '--long')
if (vitestArgs.length < args.length) process.env.MTEJA_TEST_LONG = '1'
const isWholeSuite = selection === 'all' && vitestArgs.length === 0

const node = await setUp('tools')
const sum = { passed: 0, failed: 0, skipped: 0 }
/** @type {string[]} */
const failures = []
if (isWholeSuite) await check()
for (const engine of selection === 'all' ? ['embedded', 'postgresql'] : [selection]) await testServer(engine)
if (selection === 'all') for (const workspace of otherWorkspaces()) await testWorkspace(workspace)

const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((name) => `  ${name}`).join('\n')}`)
console.log(`\n${sum.passed} passed, ${sum.failed} failed${skipped}`)
process.exit(sum.failed === 0 && sum.passed > 0 ? 0 : 1)

/** Counts as one failure at most: what passes here is not a test. */
async function check() {
  const code = await runPart(root, [join(root, 'scripts/check.mjs')])
  if (code === 0) return
  sum.failed += 1
  failures.push('npm run check')
}

function testServer(/** @type {string} */ engine) {
  console.log(`\nserver, on the ${engine} engine`)
  return runVitest('server', `server on ${engine}`, { MTEJA_TEST_ENGINE: engine })
}

function testWorkspace(/** @type {string} */ name) {
  console.log(`\n${name}`)
  return runVitest(name, name, {})
}

/** @returns {string[]} */
function otherWorkspaces() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return workspaces.filter(
    (/** @type {string} */ name) => name !== 'server' && existsSync(join(root, name, 'vitest.config.ts')),
  )
}

async function runVitest(
  /** @type {string} */ workspace,
  /** @type {string} */ title,
  /** @type {Record<string, string>} */ env,
) {
  const folder = mkdtempSync(join(tmpdir(), 'mteja-test-report-'))
  const report = join(folder, 'report.json')
  const args = ['run', `--config=${join(root, 'scripts/vitest-report.config.mjs')}`, '--root=.', ...vitestArgs]
  // A filter may match nothing in one workspace.
  if (!isWholeSuite) args.push('--passWithNoTests')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const code = await runPart(join(root, workspace), [vitest, ...args], { ...env, MTEJA_TEST_REPORT: report })
  addReport(title, report, code)
  rmSync(folder, { recursive: true })
}

/** A run can fail without a failed test (a file that does not load, a broken set-up): that counts as one failure. */
function addReport(/** @type {string} */ title, /** @type {string} */ path, /** @type {number} */ code) {
  // Vitest writes no report when it dies before its end.
  const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0, testResults = [] } = report
  sum.passed += numPassedTests
  sum.failed += numFailedTests === 0 && code !== 0 ? 1 : numFailedTests
  sum.skipped += numPendingTests + numTodoTests
  const failed = testResults.flatMap(failuresOf).map((/** @type {string} */ name) => `${title}: ${name}`)
  failures.push(...(failed.length === 0 && code !== 0 ? [`${title}: exit code ${code}`] : failed))
}

/**
 * @param {{ name: string, status: string, message: string, assertionResults: TestResult[] }} file
 * @typedef {{ status: string, fullName: string, failureMessages?: string[] }} TestResult
 */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name)
  const failed = assertionResults.filter((test) => test.status === 'failed')
  if (failed.length === 0) return status === 'failed' ? [`${file}: ${firstLine(message)}`] : []
  return failed.map((test) => `${file}: ${test.fullName}: ${reasonOf(test.failureMessages?.[0])}`)
}

/** The message of a failure without the places in the code, at most 20 lines of it. */
function reasonOf(text = '') {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
  return lines.slice(0, 20).join('\n    ').slice(0, 2000)
}

function firstLine(text = '') {
  return text.split('\n', 1)[0]
}

/** @returns {Promise<number>} the exit code */
async function runPart(
  /** @type {string} */ cwd,
  /** @type {string[]} */ args,
  /** @type {Record<string, string>} */ env = {},
) {
  const { code, interrupted } = await run(node, args, { cwd, env: { ...process.env, ...env } })
  if (interrupted) process.exit(code || 1)
  return code
}
