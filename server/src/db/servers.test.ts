import { expect, test } from 'vitest'
import { readServers } from './servers.ts'

test.each([
  ['postgres://u:p@a:1/d', ['postgres://u:p@a:1/d']],
  [
    'postgres://u:p@a:1,b:2/d?sslmode=disable',
    ['postgres://u:p@a:1/d?sslmode=disable', 'postgres://u:p@b:2/d?sslmode=disable'],
  ],
  ['postgresql://u:p,q@r@[::1]:1,b/d', ['postgresql://u:p,q@r@[::1]:1/d', 'postgresql://u:p,q@r@b/d']],
  ['postgres://a,b', ['postgres://a', 'postgres://b']],
  ['postgres://u@/d?host=a,b&port=1,2', ['postgres://u@/d?host=a&port=1', 'postgres://u@/d?host=b&port=2']],
  ['postgres://u@/d?host=a,b&port=3', ['postgres://u@/d?host=a&port=3', 'postgres://u@/d?host=b&port=3']],
  ['postgres://u@/d?host=/run/postgresql', ['postgres://u@/d?host=/run/postgresql']],
  ['not an address', ['not an address']],
])('the address of a database names its servers: %s', (databaseUrl, servers) => {
  expect(readServers(databaseUrl)).toEqual(servers)
})
