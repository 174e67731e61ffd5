import { availableParallelism, setPriority } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { equivalents } from './equivalents.ts'
import { type Mutant, mutantsOf } from './mutators.ts'
import { type Target, targets } from './targets.ts'
import { type Verdict, Workshop } from './workshop.ts'

// Changes the core of the ledger in one small way after the other and asks the tests whether they notice. What survives
// is a rule without a test, or a change that changes nothing (equivalents.ts). Works on copies.

interface Job extends Mutant {
  target: Target
}

type Fate = 'killed' | 'survived' | 'equivalent' | 'invalid'

const usage = `npm run mutate -- [--only TEXT] [--lines FROM-TO] [--jobs N]
  --only   only files whose path holds this
  --lines  only these lines of them
  --jobs   how many at a time; default half the processors`

const options = readOptions()
setPriority(10)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const workshops = await Promise.all(Array.from({ length: options.jobs }, () => Workshop.open()))
const fates = new Map<Job, Fate>()
try {
  const jobs = targets.filter(({ file }) => file.includes(options.only)).flatMap(jobsOf)
  const limits = await measureLimits([...new Set(jobs.map(({ target }) => target))])
  console.log(`${jobs.length} mutants`)
  const waiting = jobs.values()
  await Promise.all(workshops.map((workshop) => work(workshop, waiting, limits)))
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
    const [from = 1, to = from] = values.lines.split('-').map(Number)
    return { only: values.only, from, to, jobs: Number(values.jobs) }
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`)
    return process.exit(2)
  }
}

function jobsOf(target: Target): Job[] {
  const mutants = mutantsOf(target.file, (workshops[0] as Workshop).read(target.file))
  return mutants
    .filter(({ line }) => line >= options.from && line <= options.to)
    .map((mutant) => ({ ...mutant, target }))
}

/** The tests must pass as they are; a mutant gets three times as long. */
async function measureLimits(used: Target[]): Promise<Map<readonly string[], number>> {
  const limits = new Map<readonly string[], number>()
  const lists = new Set(used.flatMap(({ steps }) => steps))
  for (const tests of lists) {
    const startedAt = performance.now()
    const verdict = await (workshops[0] as Workshop).run(tests, 600_000)
    if (verdict !== 'passed') throw new Error(`Without any mutant, ${tests.join(', ')}: ${verdict}`)
    limits.set(tests, 30_000 + 3 * (performance.now() - startedAt))
  }
  return limits
}

async function work(workshop: Workshop, waiting: Iterator<Job>, limits: Map<readonly string[], number>): Promise<void> {
  for (let next = waiting.next(); !next.done; next = waiting.next()) {
    const job = next.value
    const fate = await judge(workshop, job, limits)
    fates.set(job, fate)
    console.log(`${fates.size} ${fate} ${job.target.file}:${job.line}\n  ${job.before}\n  ${job.after}`)
  }
}

async function judge(workshop: Workshop, job: Job, limits: Map<readonly string[], number>): Promise<Fate> {
  const { target, text } = job
  if (
    equivalents.some(({ file, before, after }) => file === target.file && before === job.before && after === job.after)
  )
    return 'equivalent'
  for (const tests of target.steps) {
    const verdict: Verdict = await workshop.runWith(target.file, text, tests, limits.get(tests) ?? 0)
    if (verdict === 'invalid') return 'invalid'
    if (verdict !== 'passed') return 'killed'
  }
  return 'survived'
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
