import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'dashboard',
    globalSetup: './test/global-setup.ts',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // A file keeps a server and a browser busy: two files at a time on two busy cores took longer, and missed what must happen within
    // seconds.
    maxWorkers: 1,
    // On a busy machine a second is short.
    expect: { poll: { timeout: 15_000 } },
    // These limits only end a test that hangs: a browser's first start may read its 300 MB from a slow disk.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
