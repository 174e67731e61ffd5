import type { TestProject } from 'vitest/node'
import { checkClientTable } from './client-table-check.ts'
import { startServer } from './src/server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Without a trailing slash. */
    serverUrl: string
    adminKey: string
  }
}

/** One server for the whole run. Each test file has a merchant of its own on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, adminKey, stop } = await startServer()
  project.provide('serverUrl', url)
  project.provide('adminKey', adminKey)
  return async () => {
    await stop()
    await checkClientTable(project)
  }
}
