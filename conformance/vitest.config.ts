import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'conformance',
    globalSetup: './setup.ts',
    // Some clients share the last key given among all their instances: each file has a process of its own.
    pool: 'forks',
    isolate: true,
    testTimeout: 60_000,
  },
})
