/** One small change to a file. */
export interface Mutant {
  /** Counted from 1. */
  line: number
  before: string
  after: string
  /** The whole file with the change. */
  text: string
}

/** What to look for in a line of code, and what to write for it. */
type Mutator = readonly [pattern: RegExp, replacement: string]

const common: readonly Mutator[] = [
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
]

/** What a row is found by: each condition left out. Turned around, nothing would be found at all. */
const lookUp: readonly Mutator[] = [
  ...common,
  [/[\w.[\]]+ = [\w.[\]]+ and /g, ''],
  [/ and [\w.[\]]+ = [\w.[\]]+/g, ''],
  [/ for (no key )?update/g, ''],
]

const sql: readonly Mutator[] = [
  ...common,
  [/ = /g, ' <> '],
  [/ <> /g, ' = '],
  [/(?<!between \S+) and /g, ' or '],
  [/ or /g, ' and '],
  [/ is null/g, ' is not null'],
  [/ is not null/g, ' is null'],
  [/ is distinct from /g, ' is not distinct from '],
  [/ for (no key )?update/g, ''],
  [/(?<=[\s(,])-(?=\w)/g, ''],
  [/coalesce\(([^(),]+), [^()]+\)/g, '$1'],
  [/\bgreatest\(/g, 'least('],
  // A condition of its own line; a statement.
  [/^ +(and|or) .*?(?= then$|$)/g, ''],
  [/^ +v_\w+(\[[^:]*\])? := .*;$/g, ''],
  [/^ +(raise exception|continue when|exit when) .*;$/g, 'null;'],
]

const typescript: readonly Mutator[] = [
  ...common,
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \?\? [^)\],;]+/g, ''],
  [/!(?=[a-z(])/g, ''],
  [/ \+= /g, ' -= '],
  // A guard; a statement.
  [/^ +if \(.+\) (return|throw|continue)\b.*$/g, ''],
  [/^ +(await |void )?[\w.#]+\(.*\)$/g, ''],
]

/** A line of a file, and what mutates it. Texts are blanked out in `code`, and comments cut off. */
interface Line {
  raw: string
  code: string
  mutators: readonly Mutator[]
  /** Columns of an `update` are set here. */
  isSetting: boolean
}

/** Every mutant of a file, in the order of its lines. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const lines = file.endsWith('.sql') ? readSql(text) : readTypescript(text)
  const raws = lines.map(({ raw }) => raw)
  return lines.flatMap((line, i) =>
    [...new Set(variantsOf(line))].map((after) => ({
      line: i + 1,
      before: line.raw.trim(),
      after: after.trim(),
      text: raws.with(i, after).join('\n'),
    })),
  )
}

function variantsOf({ raw, code, mutators, isSetting }: Line): string[] {
  const changed = mutators.flatMap(([pattern, replacement]) =>
    [...code.matchAll(pattern)]
      .filter(({ index, 0: found }) => !(isSetting && found === ' = ' && sets(code, index)))
      .map(({ index, 0: found }) => {
        // With the texts that were blanked out.
        const original = raw.slice(index, index + found.length)
        const after = original.replace(new RegExp(pattern.source), replacement)
        return splice(raw, index, found.length, after === original ? replacement : after)
      }),
  )
  if (mutators.length === 0) return []
  const all = [...changed, ...changedNumbers(raw, code), ...shortenedLists(raw)]
  // What takes one bracket of a pair with it is no program.
  return all.filter((variant) => depthOf(variant) === depthOf(raw))
}

/** Whether what is left of an `=` is a column that is set: turned around, it would be no program. */
function sets(code: string, index: number): boolean {
  return /(^ *|\bset |, )\w+$/.test(code.slice(0, index))
}

/** For each line whether columns are set in it. */
function settingLines(codes: readonly string[]): boolean[] {
  let isSetting = false
  return codes.map((code) => {
    if (/^ *(from|where|returning)\b|[`;]/.test(code)) isSetting = false
    if (/\bset\b/.test(code)) isSetting = true
    return isSetting
  })
}

function depthOf(line: string): number {
  return [...line].reduce((depth, c) => depth + (/[([{]/.test(c) ? 1 : /[)\]}]/.test(c) ? -1 : 0), 0)
}

/** Off by one. How many rows a look-up may find is for speed, and how often the background has failed delays its next try. */
function changedNumbers(raw: string, code: string): string[] {
  return [...code.matchAll(/(?<!limit |attempts = |[\w.])\d[\d_]*(?=n?\b)/g)].map(({ index, 0: found }) =>
    splice(raw, index, found.length, String(BigInt(found.replaceAll('_', '')) + 1n)),
  )
}

/** Each member taken out of `in ('a', 'b')`. */
function shortenedLists(raw: string): string[] {
  return [...raw.matchAll(/ in \(('[^()]*')\)/g)].flatMap(({ index, 0: found, 1: list = '' }) => {
    const members = list.split(', ')
    return members.length < 2
      ? []
      : members.map((_, i) => splice(raw, index, found.length, ` in (${members.toSpliced(i, 1).join(', ')})`))
  })
}

function splice(text: string, index: number, length: number, replacement: string): string {
  return text.slice(0, index) + replacement + text.slice(index + length)
}

/** From the first declaration on. */
function readSql(text: string): Line[] {
  const raws = text.split('\n')
  const start = raws.findIndex((line) => /^(declare|begin)$/.test(line))
  const codes = raws.map((raw) => blank(raw.replace(/--.*$/, '')))
  const areSetting = settingLines(codes)
  return raws.map((raw, i) => {
    const [code = '', isSetting = false] = [codes[i], areSetting[i]]
    if (i <= start) return { raw, code, mutators: [], isSetting }
    if (raw.includes('raise exception')) return { raw, code, mutators: sql.slice(-1), isSetting }
    return { raw, code, mutators: /\b(where|on)\b/.test(code) ? lookUp : sql, isSetting }
  })
}

/** Without declarations of types; statements of several lines in a template are SQL. */
function readTypescript(text: string): Line[] {
  let [inType, inTemplate, inComment] = [false, false, false]
  const raws = text.split('\n')
  const areSetting = settingLines(raws.map(blank))
  return raws.map((raw, i) => {
    inComment ||= /^\s*\/\*\*/.test(raw)
    inType ||= /^(export )?(interface|type|import) /.test(raw)
    const isCode = !inComment && !inType && !/^\s*(\/\/|\*)/.test(raw)
    const code = blank(raw.replace(/ \/\/ .*$/, ''))
    const mutators = !isCode ? [] : inTemplate ? sql : typescript
    if (inComment && raw.includes('*/')) inComment = false
    if (inType && /^(}|\S*$|.*[^|&{(,=]$)/.test(raw) && !/^ /.test(raw)) inType = false
    if (isCode && (raw.split('`').length - 1) % 2 === 1) inTemplate = !inTemplate
    return { raw, code, mutators, isSetting: inTemplate && areSetting[i] === true }
  })
}

/** What is in quotes is no code. */
function blank(line: string): string {
  return line.replace(/'[^']*'|`[^`]*`/g, (text) => '_'.repeat(text.length))
}
