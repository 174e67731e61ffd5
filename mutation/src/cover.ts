import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, type TestContext } from 'vitest'
import { type Covered, type Lines, whenLoaded } from './covered.ts'

/*
 * Runs in the thread of a test file before it, when the runner asks which lines each test runs. `.wanted` names the files to look at, and
 * `.covered` has the answer: for each test, by its full name, the lines of each file that ran since the test before.
 */

if (existsSync('.wanted')) watch(JSON.parse(readFileSync('.wanted', 'utf8')) as string[])

function watch(files: readonly string[]): void {
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
  const covered: Covered = {}
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  afterEach(({ task }) => {
    const { loaded, ran } = take(session, texts)
    covered[nameOf(task)] = ran
    covered[whenLoaded] = { ...loaded, ...covered[whenLoaded] }
  })
  afterAll(() => {
    session.disconnect()
    writeFileSync('.covered', JSON.stringify(covered))
  })
}

/** As vitest names a test as a whole. */
function nameOf(task: TestContext['task']): string {
  const names = [task.name]
  for (let suite = task.suite; suite !== undefined && suite.name !== ''; suite = suite.suite) names.unshift(suite.name)
  return names.join(' > ')
}

/** The lines that ran since it was asked last: of functions, and of files when they were loaded. */
function take(session: Session, texts: ReadonlyMap<string, string>): { loaded: Lines; ran: Lines } {
  let scripts: Profiler.ScriptCoverage[] = []
  session.post('Profiler.takePreciseCoverage', (error, answer) => {
    if (error !== null) throw error
    scripts = answer.result
  })
  const [loaded, ran]: [Lines, Lines] = [{}, {}]
  for (const { url, functions } of scripts) {
    const path = url.startsWith('file:') ? fileURLToPath(url.replace(/\?.*$/, '')) : ''
    const text = texts.get(path)
    if (text === undefined) continue
    const marks = mark(text, functions)
    ran[path] = linesWith(text, marks, ofFunction)
    const ofLoading = linesWith(text, marks, ofFile)
    if (ofLoading.length > 0) loaded[path] = ofLoading
  }
  return { loaded, ran }
}

const [ofFunction, ofFile] = [1, 2]

/** What ran of each character. An inner range says more than the outer one. */
function mark(text: string, functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const marks = new Uint8Array(text.length)
  const ranges = functions
    .flatMap(({ functionName, ranges }) =>
      ranges.map((range) => ({ ...range, isFile: functionName === '' && ranges[0]?.startOffset === 0 })),
    )
    .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
  for (const { startOffset, endOffset, count, isFile } of ranges) {
    marks.fill(count === 0 ? 0 : isFile ? ofFile : ofFunction, startOffset, endOffset)
  }
  return marks
}

function linesWith(text: string, marks: Uint8Array, wanted: number): number[] {
  let at = 0
  return text.split('\n').flatMap((line, i) => {
    const from = at + (line.length - line.trimStart().length)
    at += line.length + 1
    return marks.subarray(from, at - 1).includes(wanted) ? [i + 1] : []
  })
}
