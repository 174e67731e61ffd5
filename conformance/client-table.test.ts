import { expect, test } from 'vitest'
import { renderClientTables } from './client-table.ts'

const cashful = { operations: { listCustomers: 'GET /customers' }, clients: ['Python', 'Java'] }

test('a cell is filled by a test that passed, and a dash without one', () => {
  const tables = renderClientTables({ create: 'POST /customer', list: 'GET /customer' }, cashful, [
    { client: 'paystack', operation: 'create', method: 'create' },
    { client: 'paystack-node', operation: 'list', method: 'listCustomers' },
    { client: 'PayStackEase', operation: 'list' },
    { client: 'Java', operation: 'listCustomers' },
  ])
  expect(tables).toContain('| create | `POST /customer` | – | – | – | `create` | – | – |')
  expect(tables).toContain('| list | `GET /customer` | – | – | – | – | – | `listCustomers` |')
  expect(tables).toContain('| list | `GET /customer` | replayed |')
  expect(tables).toContain('| listCustomers | `GET /customers` | – | replayed |')
})

test('the version is that of the client installed', () => {
  expect(renderClientTables({}, cashful, [])).toContain('| paystack-api | 2.0.6 | Its property')
})

test('a client without a column is refused rather than left out', () => {
  const render = () => renderClientTables({}, cashful, [{ client: 'new-client', operation: 'create' }])
  expect(render).toThrow('new-client is tested and has no place in docs/clients.md')
})
