import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TestCase, TestModule, TestProject } from 'vitest/node'
import { dialects } from './cashful/dialects.ts'
import { operations as cashfulOperations } from './cashful/operations.ts'
import { type Proof, renderClientTables } from './client-table.ts'
import {
  disputeOperations,
  moreOperations,
  paystackOperations,
  transactionOperations,
  transferOperations,
} from './paystack/operations.ts'

const file = path.resolve(import.meta.dirname, '../docs/clients.md')

/**
 * After a whole run that passed, compares docs/clients.md with the operations that worked, and fails the run if they
 * differ. With `--update` writes the file. A run of only some tests proves nothing about the others, so it changes
 * nothing.
 */
export async function checkClientTable(project: TestProject): Promise<void> {
  const modules = project.vitest.state.getTestModules().filter((module) => module.project === project)
  if (!modules.every((module) => module.ok()) || (await isPartial(project, modules))) return
  const table = renderClientTables(
    {
      run: { ...paystackOperations, ...transactionOperations, ...disputeOperations, ...transferOperations },
      replayed: moreOperations,
    },
    describeCashful(),
    modules.flatMap(listProofs),
  )
  if (project.config.snapshotOptions.updateSnapshot === 'all') return writeFile(file, table)
  const written = await readFile(file, 'utf8').catch(() => undefined)
  if (written === table) return
  process.exitCode = 1
  console.error('docs/clients.md differs from this run. Write it anew: npm run -w conformance docs')
}

async function isPartial(project: TestProject, modules: TestModule[]): Promise<boolean> {
  const { testFiles } = await project.globTestFiles()
  return project.config.testNamePattern !== undefined || modules.length < testFiles.length
}

function describeCashful() {
  const requests = Object.entries(cashfulOperations).map(([name, { method, path }]) => [name, `${method} ${path}`])
  return { operations: Object.fromEntries(requests), clients: dialects.map(({ name }) => name) }
}

const listProofs = (module: TestModule): Proof[] => [...module.children.allTests('passed')].flatMap(readProof)

function readProof(test: TestCase): Proof[] {
  const { client, operation, method } = test.meta()
  return client && operation ? [{ client, operation, ...(method ? { method } : {}) }] : []
}
