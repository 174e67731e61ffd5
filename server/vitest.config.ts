import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests that meet no database engine of ours, or only through the API of a started server: once is enough.
const engineIndependent = [
  'src/cli/connection.test.ts',
  'src/cli/listen.test.ts',
  'src/cli/progress.test.ts',
  'src/start/http-servers.test.ts',
  'test/package.test.ts',
  'test/preload.test.ts',
  'test/set-up.test.ts',
  'test/shrinkwrap.test.ts',
]

/**
 * Tests that reach the database only through the domain, whose own tests run on both engines. The whole suite runs them on PostgreSQL.
 * On the embedded engine they run with `npm test -- --long`, and where they are named.
 */
const throughDomain = [
  ...['src/surfaces/**', 'src/upstream/**', 'test/paystack/**'],
  ...['src/cli/import.test.ts', 'src/cli/reconcile.test.ts'],
  ...['hostile-input', 'isolation', 'routes', 'slashes', 'strict'].map((name) => `test/${name}.test.ts`),
]

/** Tests that take minutes. They run with `npm test -- --long`. */
const long = ['**/*.long.test.ts']

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      ...(process.env.MTEJA_TEST_ENGINE === 'postgresql' ? engineIndependent : []),
      ...(process.env.MTEJA_TEST_DOMAIN_ONLY === undefined ? [] : throughDomain),
      ...(process.env.MTEJA_TEST_LONG === undefined ? long : []),
    ],
    globalSetup: 'test/global-setup.ts',
    // Tests wait as often as they work, so there is one worker more than cores. Each worker may hold a database of its own
    // (0.2 to 0.5 GB when embedded), hence the upper limit.
    maxWorkers: Math.min(availableParallelism() + 1, 4),
    expect: { poll: { timeout: 60_000 } },
    // A shared machine can be several times slower than an idle one, and a test here starts a database.
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
})
