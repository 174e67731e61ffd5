import { availableParallelism, setPriority } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Covered, whenLoaded } from './covered.ts'
import { equivalents } from './equivalents.ts'
import { type Mutant, mutantsOf } from './mutators.ts'
import { type Target, targets } from './targets.ts'
import { Workshop } from './workshop.ts'

// Changes the core of the ledger in one small way after the other and asks the tests whether they notice. What survives
// is a rule without a test, or a change that changes nothing (equivalents.ts). Works on copies.

interface Job extends Mutant {
  target: Target
}

type Fate = 'killed' | 'survived' | 'equivalent' | 'invalid' | 'slow'

/** How a test file has done so far. */
interface Record {
  /** Without any mutant. */
  tookMs: number
  found: number
  covered: Covered
}

/** Of a run, whatever it runs. */
const startMs = 2_000

const usage = `npm run mutate -- [--only TEXT,…] [--lines FROM-TO,…] [--jobs N]
  --only   only files whose path holds this, or one of these with commas between them
  --lines  only these lines of them
  --jobs   how many at a time; default half the processors`

const options = readOptions()
setPriority(10)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const workshops = await Promise.all(Array.from({ length: options.jobs }, () => Workshop.open()))
const fates = new Map<Job, Fate>()
const records = new Map<string, Record>()
try {
  const jobs = targets.filter(({ file }) => options.only.some((text) => file.includes(text))).flatMap(jobsOf)
  await tryAll([...new Set(jobs.flatMap(({ target }) => target.tests))])
  console.log(`${jobs.length} mutants`)
  const waiting = jobs.values()
  await Promise.all(workshops.map((workshop) => work(workshop, waiting)))
  // On a busy machine a test may run out of time by itself: what found nothing else is tried once more, alone.
  const slow = [...fates].filter(([, fate]) => fate === 'slow').map(([job]) => job)
  if (slow.length > 0) console.log(`${slow.length} once more, alone`)
  await work(workshops[0] as Workshop, slow.values(), true)
} finally {
  await Promise.all(workshops.map((workshop) => workshop.close()))
}
report()

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        lines: { type: 'string', default: '1-1000000' },
        jobs: { type: 'string', default: String(Math.max(1, availableParallelism() >> 1)) },
      },
    })
    const lines = values.lines.split(',').map((range) => range.split('-').map(Number))
    return { only: values.only.split(','), lines, jobs: Number(values.jobs) }
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`)
    return process.exit(2)
  }
}

function jobsOf(target: Target): Job[] {
  const mutants = mutantsOf(target.file, (workshops[0] as Workshop).read(target.file))
  return mutants
    .filter(({ line }) => options.lines.some(([from = 1, to = from]) => line >= from && line <= to))
    .map((mutant) => ({ ...mutant, target }))
}

/** The tests must pass as they are. */
async function tryAll(tests: string[]): Promise<void> {
  for (const test of tests) {
    const startedAt = performance.now()
    const watched = targets.flatMap(({ file, tests }) => (tests.includes(test) && file.endsWith('.ts') ? file : []))
    const {
      verdict,
      by,
      covered = {},
    } = await (workshops[0] as Workshop).run({ test, changed: null, watched }, 600_000)
    if (verdict !== 'passed') throw new Error(`Without any mutant, ${test}: ${verdict}, ${by}`)
    records.set(test, { tookMs: performance.now() - startedAt, found: 1, covered })
  }
}

async function work(workshop: Workshop, waiting: Iterator<Job>, isLast = false): Promise<void> {
  for (let next = waiting.next(); !next.done; next = waiting.next()) {
    const job = next.value
    const { fate, by } = await judge(workshop, job, isLast)
    fates.set(job, fate)
    console.log(`${fates.size} ${fate} ${job.target.file}:${job.line}\n  ${job.before}\n  ${job.after}\n  ${by}`)
  }
}

async function judge(workshop: Workshop, job: Job, isLast: boolean): Promise<{ fate: Fate; by: string }> {
  const { target, text } = job
  const known = equivalents.find(
    ({ file, before, after }) => file === target.file && before === job.before && after === job.after,
  )
  if (known !== undefined) return { fate: 'equivalent', by: known.why }
  for (const [test, record] of inBestOrder(job)) {
    const names = testsOfLine(job, record)
    if (names?.length === 0) continue
    const { verdict, by } = await workshop.runWith(target.file, text, { test, names }, patienceOf(test))
    if (verdict === 'passed') continue
    if (verdict === 'failed') record.found++
    const fate = verdict === 'failed' || (verdict === 'slow' && isLast) ? 'killed' : verdict
    return { fate, by: `${test}: ${by}` }
  }
  return { fate: 'survived', by: '' }
}

/**
 * The tests that run the line of a mutant; undefined for all of the file: it is not known, as of SQL, or the line runs when its module is
 * loaded.
 */
function testsOfLine({ target, line }: Job, { covered }: Record): string[] | undefined {
  const linesOf = (files: Covered[string] = {}) =>
    Object.entries(files).find(([path]) => path.endsWith(`/server/${target.file}`))?.[1] ?? []
  const { [whenLoaded]: loaded, ...ofTests } = covered
  if (linesOf(loaded).length === 0 || linesOf(loaded).includes(line)) return undefined
  const tests = Object.entries(ofTests)
  return tests.filter(([, files]) => linesOf(files).includes(line)).map(([name]) => name)
}

/** A mutant gets three times as long as no mutant. */
function patienceOf(test: string): number {
  return 30_000 + 3 * (records.get(test) as Record).tookMs
}

/** How much of a test file runs the line of a mutant. */
function shareOf(job: Job, test: string): number {
  const record = records.get(test) as Record
  const names = testsOfLine(job, record)
  return names === undefined ? 1 : names.length / Math.max(1, Object.keys(record.covered).length - 1)
}

/** What finds most in the shortest time is asked first. */
function inBestOrder(job: Job): [string, Record][] {
  const rate = ([test, record]: [string, Record]) => record.found / (startMs + record.tookMs * shareOf(job, test))
  return job.target.tests
    .map((test): [string, Record] => [test, records.get(test) as Record])
    .sort((a, b) => rate(b) - rate(a))
}

function report(): void {
  const survivors = [...fates].filter(([, fate]) => fate === 'survived')
  for (const [{ target, line, before, after }] of survivors) {
    console.log(`\nsurvived: ${target.file}:${line}\n  ${before}\n  ${after}`)
  }
  console.log('\n| file | mutants | killed | equivalent | survived |\n|---|---|---|---|---|')
  for (const { file } of targets) {
    const of = (fate: Fate) => [...fates].filter(([job, each]) => job.target.file === file && each === fate).length
    const [killed, equivalent, survived] = [of('killed'), of('equivalent'), of('survived')]
    const all = killed + equivalent + survived
    if (all > 0) console.log(`| \`server/${file}\` | ${all} | ${killed} | ${equivalent} | ${survived} |`)
  }
  process.exitCode = survivors.length > 0 ? 1 : 0
}
