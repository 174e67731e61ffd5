import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'client',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: './test/global-setup.ts',
    // Two, because the started server needs a core as well.
    maxWorkers: 2,
    expect: { poll: { timeout: 60_000 } },
    // This limit only ends a test that hangs. A browser's first start may read its 300 MB from a slow disk.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
