import { expect, test } from 'vitest'
import { renderClientTables } from './client-table.ts'

const cashful = { operations: { listCustomers: 'GET /customers' }, clients: ['Python', 'Java'] }

test('a cell of the client table is filled by a test that passed, and is a dash otherwise', () => {
  const paystack = { run: { create: 'POST /customer', list: 'GET /customer' }, replayed: { listBanks: 'GET /bank' } }
  const tables = renderClientTables(paystack, cashful, [
    { client: 'paystack', operation: 'create', method: 'create' },
    { client: 'paystack-node', operation: 'list', method: 'listCustomers' },
    { client: 'PayStackEase', operation: 'list' },
    { client: 'laravel-paystack', operation: 'listBanks' },
    { client: 'Java', operation: 'listCustomers' },
  ])
  expect(tables).toContain('| create | `POST /customer` | – | – | – | `create` | – | – |')
  expect(tables).toContain('| list | `GET /customer` | – | – | – | – | – | `listCustomers` |')
  expect(tables).toContain('| list | `GET /customer` | replayed | – | – | – |')
  expect(tables).toContain('| listBanks | `GET /bank` | – | – | replayed | – |')
  expect(tables).toContain('| listCustomers | `GET /customers` | – | replayed |')
})

test('the version in the client table is the version installed', () => {
  expect(renderClientTables({ run: {}, replayed: {} }, cashful, [])).toContain('| paystack-api | 2.0.6 | Its property')
})

test('a tested client without a column in the client table is refused', () => {
  const render = () =>
    renderClientTables({ run: {}, replayed: {} }, cashful, [{ client: 'new-client', operation: 'create' }])
  expect(render).toThrow('new-client is tested and has no place in docs/clients.md')
})
