import { closestMatch } from 'leven'

/** ` (Did you mean …?)` for a name that is like one of these, with a third of its letters wrong at most; else an empty text. */
export function suggest(name: string, names: readonly string[]): string {
  const nearest = closestMatch(name, [...names], { maxDistance: Math.max(1, Math.floor(name.length / 3)) })
  return nearest === undefined ? '' : ` (Did you mean ${nearest}?)`
}
