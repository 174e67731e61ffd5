import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'dashboard',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    maxWorkers: 1,
    // These limits only end a test that hangs: a browser's first start may read its 300 MB from a slow disk.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
