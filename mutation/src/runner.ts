import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { createVitest, type TestModule, type Vitest } from 'vitest/node'
import type { Covered } from './covered.ts'

/*
 * A process that runs tests again and again, started by workshop.ts in the `server` of its copy. It keeps what does not change
 * between two runs: the copies of the modules, and the database with the schema. Each run gets a thread of its own, in which Node runs
 * the modules as they are.
 */

/** What to run: a test below `server`, and the path of a file that has another text for it. */
export interface Order {
  test: string
  changed: string | null
  /** The full names of its tests to run. Default all. */
  names?: readonly string[] | undefined
  /** Files of which is asked which lines each test runs. */
  watched?: readonly string[] | undefined
}

/** `slow`: nothing has failed but the patience of a test. `invalid`: no test could run, because the file is no program. */
export interface Outcome {
  verdict: 'passed' | 'failed' | 'slow' | 'invalid'
  /** What has failed, and what it says. */
  by: string | null
  /** Where the order had files to watch. */
  covered?: Covered | undefined
}

/** A race that a mutant lost is not waited for as long as usual. */
const testTimeoutMs = 20_000
const patience = /^(Test|Hook) timed out in |^Matcher did not succeed in time/

const vitest = await createVitest({
  watch: false,
  reporters: [{}],
  bail: 1,
  fileParallelism: false,
  testTimeout: testTimeoutMs,
  // A start of a run takes a third of the time of a process with transformed modules.
  pool: 'threads',
  setupFiles: [join(import.meta.dirname, 'cover.ts')],
  experimental: { viteModuleRunner: false },
  expect: { poll: { timeout: testTimeoutMs / 2 } },
})
await vitest.standalone()
process.on('message', (order: Order) => {
  run(vitest, order).then(
    (outcome) => process.send?.(outcome),
    (error) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.once('disconnect', () => process.exit())
process.send?.('ready')

let changedBefore: string | null = null

async function run(vitest: Vitest, { test, changed, names, watched }: Order): Promise<Outcome> {
  for (const file of [changedBefore, changed]) if (file !== null) vitest.invalidateFile(file)
  changedBefore = changed
  const specification = vitest
    .getRootProject()
    .createSpecification(resolve(test), names === undefined ? {} : { testNames: [...names] })
  if (watched !== undefined) writeFileSync('.wanted', JSON.stringify(watched.map((file) => resolve(file))))
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification])
  const module = testModules.find(({ moduleId }) => moduleId === specification.moduleId)
  if (module === undefined) throw new Error(`there is no test ${test}`)
  return { ...read(module, unhandledErrors), covered: watched && takeCovered() }
}

function takeCovered(): Covered {
  rmSync('.wanted')
  if (!existsSync('.covered')) return {}
  const covered = JSON.parse(readFileSync('.covered', 'utf8')) as Covered
  rmSync('.covered')
  return covered
}

function read(module: TestModule, unhandled: unknown[]): Outcome {
  const tests = [...module.children.allTests()]
  if (tests.length === 0) return { verdict: 'invalid', by: null }
  const failed = tests.filter((test) => test.result().state === 'failed')
  if (failed.length === 0 && module.ok() && unhandled.length === 0) return { verdict: 'passed', by: null }
  const errors = [
    ...failed.flatMap((test) => test.result().errors ?? []),
    ...[module, ...module.children.allSuites()].flatMap((suite) => suite.errors()),
    ...unhandled,
  ] as { message?: string }[]
  const isSlow = errors.length > 0 && errors.every(({ message = '' }) => patience.test(message))
  const by = `${failed[0]?.fullName ?? 'outside of its tests'}: ${errors[0]?.message?.split('\n')[0] ?? ''}`
  return { verdict: isSlow ? 'slow' : 'failed', by }
}
