import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

declare module 'vitest' {
  /** Marks a test as proof that an operation works through a client: one cell of a table in docs/clients.md. */
  interface TaskMeta {
    client?: string
    operation?: string
    /** The client's own name for the operation. */
    method?: string
  }
}

/** A cell of the table: one client's operation, tried by every test marked with it. */
export interface Proof {
  client: string
  operation: string
  method?: string
}

/** A client that runs here unmodified, and how it is made to call another address than Paystack's. */
interface RunClient {
  name: string
  redirectedBy: string
}

const hardCoded =
  'Its address is hard-coded: `node --import ./conformance/preload.ts`, `PAYSTACK_API_URL` naming the server'

const runClients: RunClient[] = [
  { name: '@paystack/paystack-sdk', redirectedBy: hardCoded },
  { name: 'paystack-sdk', redirectedBy: hardCoded },
  { name: '@alexasomba/paystack-node', redirectedBy: 'Its option: `createPaystack({ secretKey, baseUrl })`' },
  { name: 'paystack', redirectedBy: hardCoded },
  { name: 'paystack-api', redirectedBy: 'Its property: `paystack.endpoint = url`' },
  { name: 'paystack-node', redirectedBy: 'Its method: `paystack.mergeNewOptions({ baseUrl: url })`' },
]

const payStackEase = 'PayStackEase'

/** A table of docs/clients.md: the operations of one API and the clients that speak it. */
export interface ClientTableInput {
  /** Operation to its method and path, in the order of the rows. */
  operations: Record<string, string>
  clients: string[]
}

/**
 * The text of docs/clients.md. Depends on nothing but its input and the versions installed. Throws for a client that is in none
 * of its tables.
 */
export function renderClientTables(
  paystack: Record<string, string>,
  cashful: ClientTableInput,
  proofs: Proof[],
): string {
  const npmTable: ClientTableInput = { operations: paystack, clients: runClients.map(({ name }) => name) }
  refuseUnknownClients(proofs, [...npmTable.clients, payStackEase, ...cashful.clients])
  return `# Published clients

Made by \`npm run -w conformance docs\` from a run of the conformance suite, in which each client calls a started server; a run
whose result differs from this file fails. Do not edit.

## Paystack clients on npm, run unmodified

A cell names the client's own method, which was seen to work: what it answers, what is kept between calls, and how it shows
a refusal. A dash: the client does not offer the operation.

${renderOperations(npmTable, proofs, ({ method }) => `\`${method}\``)}

| client | version | redirected by |
|---|---|---|
${runClients.map(({ name, redirectedBy }) => `| ${name} | ${readVersion(name)} | ${redirectedBy} |`).join('\n')}

## Paystack clients in other languages, replayed

Not on npm: nothing of them runs here. The requests captured from them are sent byte for byte, and answered as documented.

${renderOperations({ operations: paystack, clients: [payStackEase] }, proofs, () => 'replayed')}

## Cashful clients, replayed

None is on npm: nothing of them runs here. Requests are written as each client writes them, and every answer is held to what
the strictest of them accepts: Java and .NET for members and nulls, Flutter for numbers, Python for types and statuses.

${renderOperations(cashful, proofs, () => 'replayed')}
`
}

function refuseUnknownClients(proofs: Proof[], clients: string[]): void {
  const unknown = proofs.find(({ client }) => !clients.includes(client))
  if (unknown)
    throw new Error(`${unknown.client} is tested and has no place in docs/clients.md: add it to client-table.ts`)
}

function renderOperations(
  { operations, clients }: ClientTableInput,
  proofs: Proof[],
  renderProof: (proof: Proof) => string,
): string {
  const renderCell = (client: string, operation: string) => {
    const proof = proofs.find((candidate) => candidate.client === client && candidate.operation === operation)
    return proof ? renderProof(proof) : '–'
  }
  const renderRow = ([operation, request]: [string, string]) =>
    `| ${operation} | ${[`\`${request}\``, ...clients.map((client) => renderCell(client, operation))].join(' | ')} |`
  return [
    `| operation | request | ${clients.join(' | ')} |`,
    `|${'---|'.repeat(clients.length + 2)}`,
    ...Object.entries(operations).map(renderRow),
  ].join('\n')
}

/** The version that runs: the one installed, whatever was asked for. */
function readVersion(name: string): string {
  const file = findPackageJSON(name, import.meta.url)
  if (!file) throw new Error(`${name} is not installed`)
  return JSON.parse(readFileSync(file, 'utf8')).version
}
