export interface Names {
  firstName: string | null
  lastName: string | null
}

/** Both names as one, for surfaces that have only one. Empty for a customer without names. */
export function fullNameOf({ firstName, lastName }: Names): string {
  return [firstName, lastName].filter((part) => part !== null && part !== '').join(' ')
}

/** Splits one name at the first blank, so that joining both parts gives the same name. */
export function splitName(name: string): Names {
  const text = name.trim()
  if (text === '') return { firstName: null, lastName: null }
  const space = text.indexOf(' ')
  return space === -1
    ? { firstName: text, lastName: null }
    : { firstName: text.slice(0, space), lastName: text.slice(space + 1) }
}
