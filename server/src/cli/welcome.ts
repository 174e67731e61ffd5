import type { Config } from '../start/config.ts'
import type { RunningServer } from '../start/serve.ts'
import { paint } from './output.ts'

/** The text that a start prints: the addresses, the key on the first start, and one call per surface to copy. */
export function welcome(server: RunningServer, config: Config, startedInMs: number): string {
  const { origin, firstStart } = server
  const key = firstStart?.secret ?? '$MTEJA_KEY'
  const database = config.databaseUrl === undefined ? `embedded, in ${config.dataFolder}` : 'PostgreSQL'
  return `
Mteja is ready at ${origin} (started in ${(startedInMs / 1000).toFixed(1)} s, database: ${database})

  Cashful API    ${origin}/api/canary
  Paystack API   ${origin}
  Mteja API      ${origin}/v1
  Reference      ${origin}/docs
  Page           ${origin}/app

${keyLines(server)}

  curl ${origin}/api/canary/customers -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '{"phoneNumber":"+27821234567","email":"ada@example.com","name":"Ada Obi","metadata":{}}'
  curl ${origin}/customer/ada@example.com -H "Authorization: Bearer ${key}"
`
}

/** The same for a program. */
export function describeStart({ origin, firstStart }: RunningServer, config: Config, startedInMs: number) {
  const { databaseUrl, dataFolder } = config
  const database = databaseUrl === undefined ? { database: 'embedded', dataFolder } : { database: 'postgresql' }
  const made = firstStart && {
    merchant: { id: firstStart.merchant.code, integration: firstStart.merchant.id },
    secret: firstStart.secret,
  }
  return { msg: 'ready', origin, startedInMs, ...database, ...made }
}

function keyLines({ firstStart, hasMerchant }: RunningServer): string {
  if (firstStart !== null) {
    return `  Test merchant  ${firstStart.merchant.code} (integration ${firstStart.merchant.id})
  Secret key     ${paint('bold', firstStart.secret)}   (shown this once)`
  }
  const [command, then] = hasMerchant
    ? ['key create', '']
    : ['merchant create --name <name>', ', then mteja key create']
  const missing = hasMerchant ? 'For a secret key' : 'There is no merchant yet'
  return `  ${missing}: mteja ${command}${then} (in a clone: npm run mteja -- ${command}); put the key into MTEJA_KEY`
}
