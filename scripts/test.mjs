// npm test: `npm run check`, the server's whole suite on PostgreSQL, again on the embedded database what reaches it by itself, and the
// tests of the other workspaces. Everything runs even when something failed before; the last lines name what failed, and the sum.
//
// A test that fails in the whole suite is run again, its file alone, because on a busy machine tests disturb each other. It is
// named as unsteady if it passes then.
//
// Arguments: all | embedded | postgresql, then whatever vitest takes: `npm test -- customers -t race`. With arguments for
// vitest only those tests run, without the check, on both databases. With --long the tests that take minutes run too
// (`*.long.test.ts`), and the whole suite runs on both databases.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import process from 'node:process'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

const [selection = 'all', ...args] = process.argv.slice(2)
const vitestArgs = args.filter((arg) => arg !== '--long')
const isLong = vitestArgs.length < args.length
if (isLong) process.env.MTEJA_TEST_LONG = '1'
const isWholeSuite = selection === 'all' && vitestArgs.length === 0

const node = await setUp('tools')
const sum = { passed: 0, failed: 0, skipped: 0 }
/** @type {string[]} */
const failures = []
/** @type {string[]} */
const unsteady = []
/** With more failed files than this in a part of the suite, nothing is run again: the fault is no accident. */
const maxAgain = 5
if (isWholeSuite) await check()
for (const engine of selection === 'all' ? ['embedded', 'postgresql'] : [selection]) await testServer(engine)
if (selection === 'all') for (const workspace of otherWorkspaces()) await testWorkspace(workspace)

const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''
if (unsteady.length > 0)
  console.log(`\nUnsteady, passed when run again:\n${unsteady.map((name) => `  ${name}`).join('\n')}`)
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
  const part = isWholeSuite && !isLong && engine === 'embedded' ? { MTEJA_TEST_DOMAIN_ONLY: '1' } : {}
  return runVitest('server', `server on ${engine}`, { MTEJA_TEST_ENGINE: engine, ...part })
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

/** Runs the tests of a workspace, and adds up their results. */
async function runVitest(
  /** @type {string} */ workspace,
  /** @type {string} */ title,
  /** @type {Record<string, string>} */ env,
) {
  const first = await runTests(workspace, env, vitestArgs)
  if (isWholeSuite) showSlowest(first.files)
  const files = [...new Set(first.failed.map(({ file }) => relative(workspace, file)))]
  const isAgain = isWholeSuite && files.length > 0 && files.length <= maxAgain
  const last = isAgain ? await runTests(workspace, env, files) : first
  const nameOf = (/** @type {FailedTest} */ { file, name, reason }) => `${title}: ${file}: ${name}${reason}`
  const isLeft = (/** @type {FailedTest} */ test) =>
    last.failed.some(({ file, name }) => file === test.file && name === test.name)
  unsteady.push(...first.failed.filter((test) => !isLeft(test)).map(nameOf))
  failures.push(...last.failed.map(nameOf))
  // A run can fail without a failed test, such as by a broken set-up.
  if (last.failed.length === 0 && last.code !== 0) failures.push(`${title}: exit code ${last.code}`)
  sum.passed += first.passed + (isAgain ? first.failed.length - last.failed.length : 0)
  sum.failed += last.failed.length === 0 && last.code !== 0 ? 1 : last.failed.length
  sum.skipped += first.skipped
}

/**
 * @typedef {{ file: string, name: string, reason: string }} FailedTest
 * @typedef {{ status: string, fullName: string, failureMessages?: string[] }} TestResult
 * @typedef {{ name: string, status: string, message: string, startTime: number, endTime: number, assertionResults: TestResult[] }} FileResult
 */

/** Where the time of a part went: the files that took longest, in seconds. */
function showSlowest(/** @type {FileResult[]} */ files) {
  const shown = files
    .map(({ name, startTime, endTime }) => ({ name: relative(root, name), seconds: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 15)
    .map(({ name, seconds }) => `  ${seconds.toFixed(0).padStart(4)} s ${name}`)
  console.log(`\nSlowest files:\n${shown.join('\n')}`)
}

/** @returns {Promise<{ code: number, passed: number, skipped: number, failed: FailedTest[], files: FileResult[] }>} */
async function runTests(
  /** @type {string} */ workspace,
  /** @type {Record<string, string>} */ env,
  /** @type {string[]} */ filter,
) {
  const folder = mkdtempSync(join(tmpdir(), 'mteja-test-report-'))
  const path = join(folder, 'report.json')
  const args = ['run', `--config=${join(root, 'scripts/vitest-report.config.mjs')}`, '--root=.', ...filter]
  // A filter may match nothing in one workspace.
  if (!isWholeSuite) args.push('--passWithNoTests')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const code = await runPart(join(root, workspace), [vitest, ...args], { ...env, MTEJA_TEST_REPORT: path })
  // Vitest writes no report when it dies before its end.
  const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  rmSync(folder, { recursive: true })
  const { numPassedTests = 0, numPendingTests = 0, numTodoTests = 0, testResults = [] } = report
  return {
    code,
    passed: numPassedTests,
    skipped: numPendingTests + numTodoTests,
    files: testResults,
    failed: testResults.flatMap(failuresOf),
  }
}

/**
 * A file that does not load is one failure.
 *
 * @returns {FailedTest[]}
 */
function failuresOf(/** @type {FileResult} */ { name, status, message, assertionResults }) {
  const file = relative(root, name)
  const failed = assertionResults.filter((test) => test.status === 'failed')
  if (failed.length === 0) return status === 'failed' ? [{ file, name: '', reason: firstLine(message) }] : []
  return failed.map(({ fullName, failureMessages = [] }) => ({
    file,
    name: fullName,
    reason: `: ${reasonOf(failureMessages[0])}`,
  }))
}

/** The message of a failure without the places in the code, at most 20 lines of it. */
function reasonOf(text = '') {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
  return lines.slice(0, 20).join('\n    ').slice(0, 2000)
}

function firstLine(text = '') {
  return text.split('\n', 1)[0] ?? ''
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
