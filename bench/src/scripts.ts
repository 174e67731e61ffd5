import type { Bench } from './bench.ts'
import type { Script } from './pgbench.ts'

/** Two numbers up to this one are as random as a UUID. */
const half = 9_000_000_000_000_000

/** The functions of baseline.sql. */
export function transferScript(
  name: 'transfer' | 'counted_transfer',
  { customers, accountsFrom }: Pick<Bench, 'customers' | 'accountsFrom'>,
): Script {
  const payer = `${accountsFrom} + 2 * (:payer)::bigint`
  const receiver = `${accountsFrom} + 2 * (1 + ((:payer)::bigint + :distance - 1) % ${customers})`
  return {
    parameters: { payer: customers, distance: customers - 1, amount: 100, one: half, two: half },
    statement: `select baseline.${name}(${payer}, ${receiver}, :amount, :one, :two)`,
  }
}

export function customerScript(name: 'create_customer' | 'create_counted_customer'): Script {
  return {
    parameters: { phone: 9_999_999, one: half, two: half },
    statement: `select baseline.${name}(:phone, :one, :two)`,
  }
}
