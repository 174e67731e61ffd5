import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { makeTestFolder } from '../../test/engines.ts'
import { lockFolder } from './folder-lock.ts'

test.each([0o755, 0o777, 0o701])(
  'a data folder with the mode %o is refused, with the command that mends it',
  async (mode) => {
    const folder = path.join(await makeTestFolder(), 'data')
    mkdirSync(folder)
    chmodSync(folder, mode)
    await expect(lockFolder(folder)).rejects.toThrow(`chmod 700 ${folder}`)
    chmodSync(folder, 0o770)
    await (await lockFolder(folder)).release()
  },
)
