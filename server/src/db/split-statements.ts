/** A statement of a script and where it begins. */
export interface ScriptStatement {
  readonly text: string
  /** Counted from 1. */
  readonly line: number
}

/** The parts of a script. `other` is a single character without a meaning of its own. */
const token = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*)`,
    // In e'…' a backslash escapes the quote.
    String.raw`(?<quoted>\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$.*?\$\k<tag>\$)`,
    String.raw`(?<word>[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)`,
    String.raw`(?<space>\s+)`,
    '(?<other>.)',
  ].join('|'),
  'gsu',
)

/**
 * Cuts a script at its semicolons, because Citus refuses several statements in one query. Semicolons in comments,
 * strings, quoted names, dollar quotes, parentheses and in the `begin atomic … end` body of a function do not count.
 * Comments before a statement are dropped. Comments inside a statement stay.
 */
export function splitStatements(script: string): ScriptStatement[] {
  return new StatementSplitter(script).split()
}

class StatementSplitter {
  readonly #script: string
  readonly #statements: ScriptStatement[] = []
  #start = -1
  #parentheses = 0
  #blocks = 0
  #words: string[] = []

  constructor(script: string) {
    this.#script = script
  }

  split(): ScriptStatement[] {
    const scanner = new RegExp(token)
    for (let match = scanner.exec(this.#script); match; match = scanner.exec(this.#script)) {
      const { comment, space, word } = match.groups ?? {}
      if (comment === '/*') scanner.lastIndex = endOfComment(this.#script, match.index)
      if (comment || space) continue
      if (match[0] === ';' && this.#parentheses === 0 && this.#blocks === 0) this.#end(match.index)
      else this.#take(match.index, match[0], word?.toLowerCase())
    }
    this.#end(this.#script.length)
    return this.#statements
  }

  #take(at: number, text: string, word: string | undefined): void {
    if (this.#start < 0) this.#start = at
    if (text === '(') this.#parentheses += 1
    if (text === ')') this.#parentheses -= 1
    if (word) this.#takeWord(word)
  }

  /** Counts the blocks of an SQL-standard function body as psql does. */
  #takeWord(word: string): void {
    const isRoutine = /^create (or replace )?(function|procedure)\b/.test(this.#words.join(' '))
    if (this.#words.length < 4) this.#words.push(word)
    if (isRoutine && word === 'begin') this.#blocks += 1
    if (this.#blocks > 0 && word === 'case') this.#blocks += 1
    if (this.#blocks > 0 && word === 'end') this.#blocks -= 1
  }

  #end(at: number): void {
    if (this.#start >= 0) {
      const line = this.#script.slice(0, this.#start).split('\n').length
      this.#statements.push({ text: this.#script.slice(this.#start, at).trimEnd(), line })
    }
    this.#start = -1
    this.#parentheses = 0
    this.#blocks = 0
    this.#words = []
  }
}

/** Comments nest in SQL, which a regular expression cannot follow. */
function endOfComment(script: string, start: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  let depth = 0
  for (let match = edge.exec(script); match; match = edge.exec(script)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return script.length
}
