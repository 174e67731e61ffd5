/** A customer of a file, and what is wrong with the row. */
export interface ImportRow {
  /** The row of the file, as a spreadsheet numbers it. */
  number: number
  given: { name?: string; phoneNumber?: string; email?: string; metadata: Record<string, string> }
  problem: string | undefined
}

const names: Record<string, 'name' | 'phoneNumber' | 'email' | 'first' | 'last'> = {
  name: 'name',
  fullname: 'name',
  customer: 'name',
  firstname: 'first',
  lastname: 'last',
  surname: 'last',
  phone: 'phoneNumber',
  phonenumber: 'phoneNumber',
  mobile: 'phoneNumber',
  cell: 'phoneNumber',
  email: 'email',
  emailaddress: 'email',
}

/** Finds out which column is what, by the words of the first row. Every other column becomes metadata under its own name. */
export function readRows([head = [], ...body]: readonly (readonly string[])[]): ImportRow[] {
  const columns = head.map((text) => ({ text: text.trim(), field: names[text.toLowerCase().replace(/[^a-z]/g, '')] }))
  const emails = new Map<string, number>()
  return body.map((cells, at) => {
    const number = at + 2
    const given: ImportRow['given'] = { metadata: {} }
    const parts: { first?: string; last?: string } = {}
    columns.forEach(({ text, field }, column) => {
      const value = (cells[column] ?? '').trim()
      if (value === '') return
      if (field === 'first' || field === 'last') parts[field] = value
      else if (field !== undefined) given[field] = value
      else if (text !== '') given.metadata[text] = value
    })
    given.name ??= [parts.first, parts.last].filter(Boolean).join(' ') || undefined
    const email = given.email?.toLowerCase()
    const before = email === undefined ? undefined : emails.get(email)
    if (email !== undefined && before === undefined) emails.set(email, number)
    return { number, given, problem: problemOf(given, cells.length > columns.length, before) }
  })
}

function problemOf(given: ImportRow['given'], isLonger: boolean, before: number | undefined): string | undefined {
  if (isLonger) return 'has more cells than the first row'
  if (given.phoneNumber === undefined && given.email === undefined) return 'has neither a phone nor an e-mail'
  if (given.email !== undefined && !emailShape.test(given.email)) return `“${given.email}” is no e-mail`
  if (given.phoneNumber !== undefined && !isPhone(given.phoneNumber)) return `“${given.phoneNumber}” is no phone number`
  if (before !== undefined) return `has the e-mail of row ${before}`
  return undefined
}

/** As the server knows an e-mail. */
const emailShape =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z\d](?:[a-z\d-]*[a-z\d])?$/i

/** What no country dials. The server knows the numbering plans as well. */
function isPhone(text: string): boolean {
  const bare = text.replace(/^(?:tel|sms|whatsapp):/i, '').replace(/[\s().\-/\p{Cf}]/gu, '')
  return /^\+?\p{Nd}{6,17}$/u.test(bare)
}
