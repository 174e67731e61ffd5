import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PaystackClient } from '../client/src/index.ts'
import { findNodes, isAtLeast } from '../server/test/nodes.ts'
import { useMerchant } from './src/merchant.ts'

const root = path.resolve(import.meta.dirname, '..')
const merchant = useMerchant()

/** The Nodes that the preload is for. */
const nodes = findNodes().filter(({ version }) => isAtLeast(version, [20, 0]))

let folder: string

beforeAll(async () => {
  // A program of a user, with the packages that README names in its node_modules.
  folder = await mkdtemp(path.join(tmpdir(), 'mteja-program-'))
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  await writeFile(path.join(folder, 'app.mjs'), await readExample())
})

afterAll(() => rm(folder, { recursive: true }))

async function readExample(): Promise<string> {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8')
  return /```js\n(\/\/ app\.mjs\n[\s\S]+?)```/.exec(readme)?.[1] ?? ''
}

describe.each(nodes)('Node $version', ({ program, version }) => {
  test(`README’s program with the official SDK runs unchanged against Mteja, on Node ${version}`, async () => {
    const { customers } = new PaystackClient({ baseUrl: merchant.url, secretKey: merchant.key })
    const { customer_code } = await customers.create({ email: 'ada@example.com' })
    const { stdout } = await promisify(execFile)(program, ['--import', 'mteja/preload', 'app.mjs'], {
      cwd: folder,
      env: { PAYSTACK_API_URL: merchant.url, MTEJA_KEY: merchant.key },
    })
    expect(stdout).toBe(`${customer_code}\n`)
  })
})

test('README names the version of the official SDK that these tests run', async () => {
  const { devDependencies } = JSON.parse(await readFile(path.join(import.meta.dirname, 'package.json'), 'utf8'))
  const name = '@paystack/paystack-sdk'
  expect(await readFile(path.join(root, 'README.md'), 'utf8')).toContain(`${name}@${devDependencies[name]}`)
})
