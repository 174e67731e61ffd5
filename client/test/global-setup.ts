import type { TestProject } from 'vitest/node'
import { startServer } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The one started server that all files share. Each file creates its own merchant. */
    server: { baseUrl: string; adminKey: string }
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer()
  project.provide('server', { baseUrl: server.baseUrl, adminKey: server.adminKey })
  return () => server.close()
}
