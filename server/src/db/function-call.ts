import { type Sql, sql } from './sql.ts'

/** The types of parameters, in the words of SQL, and the value that the driver takes for each. */
export interface ParameterTypes {
  integer: number
  bigint: bigint
  boolean: boolean
  text: string
  uuid: string
  bytea: Buffer
  timestamptz: Date
  interval: string
}

/** The value of a parameter of a SQL function, and the type of the parameter. */
export interface Argument {
  readonly type: keyof ParameterTypes | `${keyof ParameterTypes}[]`
  readonly value: unknown
}

export function argument<Type extends keyof ParameterTypes>(type: Type, value: ParameterTypes[Type]): Argument {
  return { type, value }
}

/** The argument for a parameter that is an array of `type`. */
export function listArgument<Type extends keyof ParameterTypes>(
  type: Type,
  values: readonly (ParameterTypes[Type] | null)[],
): Argument {
  return { type: `${type}[]`, value: values }
}

/**
 * The call of a SQL function, to be spliced into a statement: `post(p_mode => $1::text, p_amounts => $2::bigint[])`.
 *
 * Each parameter stands once, with its name, its type and its value. No order has to be kept between here and the
 * function: PostgreSQL refuses a name that the function does not have, a parameter that is missing, and another type.
 *
 * @param name of the function; this name and the names of parameters are written in the code, like all SQL
 */
export function functionCall(name: string, parameters: Readonly<Record<string, Argument>>): Sql {
  const given = Object.entries(parameters)
  let shape = shapes.get(name)
  if (shape === undefined || !isOfShape(given, shape)) {
    shape = shapeOf(name, given)
    shapes.set(name, shape)
  }
  return sql(shape.strings, ...given.map(([, { value }]) => value))
}

type Given = readonly (readonly [parameter: string, argument: Argument])[]

/** The text of a call, around its values. */
interface Shape {
  readonly parameters: readonly (readonly [name: string, type: Argument['type']])[]
  readonly strings: TemplateStringsArray
}

/** The last shape of each function. To write it anew for each call took longer than all the rest of the statement. */
const shapes = new Map<string, Shape>()

function isOfShape(given: Given, { parameters }: Shape): boolean {
  return (
    given.length === parameters.length &&
    given.every(([name, { type }], i) => name === parameters[i]?.[0] && type === parameters[i]?.[1])
  )
}

function shapeOf(name: string, given: Given): Shape {
  const strings: string[] = []
  let text = `${checkName(name)}(`
  for (const [parameter, { type }] of given) {
    strings.push(`${text}${checkName(parameter)} => `)
    text = `::${type}, `
  }
  strings.push(given.length === 0 ? `${text})` : `${text.slice(0, -2)})`)
  return {
    parameters: given.map(([parameter, { type }]) => [parameter, type]),
    strings: Object.assign(strings, { raw: strings }),
  }
}

/** Names become part of the SQL. A member of a request body must never become part of the SQL, even by a mistake. */
function checkName(name: string): string {
  if (!/^[a-z_][a-z0-9_]*$/.test(name))
    throw new Error(`${JSON.stringify(name)} is not the name of a SQL function or parameter`)
  return name
}
