import { ServiceError } from '../../base/errors.ts'
import { orderedObject } from '../../base/lossless-json.ts'

/** As many members as a form of a vendor's client ever has. */
const maxMembers = 1000

/** A member under construction: a text, or the members in it in the order in which they came. */
type Node = string | Map<string, Node>

/**
 * Reads a urlencoded form. `a[b]=1` is a member of an object and `a[]=1` an item of a list, as PHP, Rails and qs write them.
 * Members that are numbered 0, 1, 2 … in this order are a list; any others keep their names and their order. No library does:
 * they drop gaps, move numbers to the front, and make a list of a name that comes twice. Throws `invalid_request` for a name
 * that comes twice, unless the member is one of `lists`: forms of browsers repeat the name for each item.
 */
export function parseForm(
  text: string,
  { lists, maxDepth }: { lists: ReadonlySet<string>; maxDepth: number },
): Record<string, unknown> {
  const form = new Map<string, Node>()
  const pairs = text.split('&').filter((pair) => pair !== '')
  if (pairs.length > maxMembers) {
    throw new ServiceError('invalid_request', `The form has ${pairs.length} members; it can have at most ${maxMembers}`)
  }
  for (const pair of pairs) {
    const end = pair.includes('=') ? pair.indexOf('=') : pair.length
    const name = unescaped(pair.slice(0, end))
    const path = lists.has(name) ? [name, ''] : pathOf(name)
    if (path.length > maxDepth) {
      throw new ServiceError('invalid_request', `The body is nested deeper than ${maxDepth} levels`)
    }
    put(form, path, name, unescaped(pair.slice(end + 1)))
  }
  return membersOf(form)
}

/** `a[b][]` is the path a, b, and an item at the end. A name with other brackets is a name as it is. */
function pathOf(name: string): string[] {
  const [, first, rest = ''] = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name) ?? []
  if (first === undefined) return [name]
  return [
    first,
    ...rest
      .split('[')
      .slice(1)
      .map((part) => part.slice(0, -1)),
  ]
}

function put(form: Map<string, Node>, path: readonly string[], name: string, value: string): void {
  let members = form
  path.forEach((part, i) => {
    const key = part === '' && i > 0 ? String(members.size) : part
    const known = members.get(key)
    const isLast = i === path.length - 1
    if (known !== undefined && (isLast || typeof known === 'string')) {
      const field = path[0] as string
      throw new ServiceError('invalid_request', `The form has ${JSON.stringify(name)} twice; send it once`, field)
    }
    const next: Node = isLast ? value : (known ?? new Map<string, Node>())
    members.set(key, next)
    if (typeof next !== 'string') members = next
  })
}

function membersOrList(node: Node): unknown {
  if (typeof node === 'string') return node
  const isList = [...node.keys()].every((name, i) => name === String(i))
  return isList ? [...node.values()].map(membersOrList) : membersOf(node)
}

function membersOf(node: Map<string, Node>): Record<string, unknown> {
  const members = [...node].map(([name, member]) => [name, membersOrList(member)] as const)
  const forbidden = members.find(([name]) => name === '__proto__')
  if (forbidden !== undefined) {
    throw new ServiceError('invalid_request', 'The body has a member named __proto__, which no object may have')
  }
  return orderedObject(members)
}

/** A text that is not escaped as it must be is the text itself. */
function unescaped(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
