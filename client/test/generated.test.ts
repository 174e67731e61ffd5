import { execFile } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the generated types are the types of the API that the server serves', async () => {
  const script = fileURLToPath(new URL('../scripts/generate-types.ts', import.meta.url))
  const run = promisify(execFile)(process.execPath, [script, '--check'])
  await expect(run.catch((error: { stderr: string }) => error)).resolves.toMatchObject({ stderr: '' })
})
