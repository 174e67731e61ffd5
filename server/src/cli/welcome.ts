import type { Config } from '../start/config.ts'
import type { RunningServer } from '../start/serve.ts'

/** The text that a start prints: the addresses, the key on the first start, and one call per surface to copy. */
export function welcome({ origin, firstStart }: RunningServer, config: Config, startedInMs: number): string {
  const key = firstStart?.secret ?? '$MTEJA_KEY'
  const database = config.databaseUrl === undefined ? `embedded, in ${config.dataFolder}` : 'PostgreSQL'
  return `
Mteja is ready at ${origin} (started in ${(startedInMs / 1000).toFixed(1)} s, database: ${database})

  Cashful API    ${origin}/api/canary
  Paystack API   ${origin}
  Mteja API      ${origin}/v1
  Reference      ${origin}/docs

${keyLines(firstStart)}

  curl ${origin}/api/canary/customers -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '{"phoneNumber":"+27821234567","email":"ada@example.com","name":"Ada Obi","metadata":{}}'
  curl ${origin}/customer/ada@example.com -H "Authorization: Bearer ${key}"
`
}

function keyLines(firstStart: RunningServer['firstStart']): string {
  if (firstStart === null) {
    return '  For a secret key: mteja key create (in a clone: npm run mteja -- key create); put it into MTEJA_KEY'
  }
  return `  Test merchant  ${firstStart.merchant.code} (integration ${firstStart.merchant.id})
  Secret key     ${firstStart.secret}   (shown this once)`
}
