import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { makeTestFolder } from '../../test/engines.ts'
import { systemRandom } from '../base/ids.ts'
import { loadEncryptionKey } from './encryption-key.ts'

const key = Buffer.alloc(32, 7)

test.each([0o644, 0o604, 0o666, 0o602])(
  'an encryption key with the mode %o is refused, with the command that mends it',
  async (mode) => {
    const folder = await makeTestFolder()
    const file = path.join(folder, 'encryption.key')
    writeFileSync(file, key.toString('base64'))
    chmodSync(file, mode)
    expect(() => loadEncryptionKey(undefined, folder, null)).toThrow(`chmod 600 ${file}`)
    for (const kept of [0o600, 0o400, 0o640]) {
      chmodSync(file, kept)
      expect(loadEncryptionKey(undefined, folder, null)).toEqual(key)
    }
  },
)

test.each([0o755, 0o777, 0o703, 0o705])(
  'a key in a folder with the mode %o is refused, with the command that mends it',
  async (mode) => {
    const folder = await makeTestFolder()
    chmodSync(folder, mode)
    expect(() => loadEncryptionKey(undefined, folder, systemRandom)).toThrow(`chmod 700 ${folder}`)
    writeFileSync(path.join(folder, 'encryption.key'), key.toString('base64'), { mode: 0o600 })
    expect(() => loadEncryptionKey(undefined, folder, null)).toThrow(`chmod 700 ${folder}`)
    for (const kept of [0o700, 0o750]) {
      chmodSync(folder, kept)
      expect(loadEncryptionKey(undefined, folder, null)).toEqual(key)
    }
  },
)
