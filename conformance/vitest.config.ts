import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'conformance',
    globalSetup: './setup.ts',
    // Each file has a process of its own, because some clients share the last key among all their instances.
    pool: 'forks',
    isolate: true,
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 120_000,
  },
})
