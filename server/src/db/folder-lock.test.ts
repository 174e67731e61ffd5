import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { makeTestFolder, testEngine } from '../../test/engines.ts'
import { StartupError } from './errors.ts'
import { connectToFolder, type FolderLock, lockFolder } from './folder-lock.ts'

// Has nothing to do with the engine, so it is run in one pass only.
const suite = describe.runIf(testEngine === 'embedded')

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts a process that locks the folder; resolves with what it said: "locked" or the error's message. */
async function lockElsewhere(folder: string): Promise<{ child: ChildProcess; said: string }> {
  const program = fileURLToPath(new URL('../../test/lock-child.ts', import.meta.url))
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [chunk] = await once(child.stdout, 'data')
  return { child, said: String(chunk).trim() }
}

async function get(lock: FolderLock, headers: http.OutgoingHttpHeaders = {}) {
  const request = http.get({ socketPath: lock.socketPath, path: '/', headers, agent: false })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, body }
}

suite('a folder', () => {
  test('a folder that is not there is made and locked', async () => {
    const folder = path.join(await makeTestFolder(), 'a', 'b')
    const lock = await lockFolder(folder)
    expect(await connectToFolder(folder)).toBe(lock.socketPath)
    await lock.release()
    expect(await connectToFolder(folder)).toBeUndefined()
    expect(readdirSync(folder)).toEqual([])
  })

  test('a folder in use by another process is refused, naming the process', async () => {
    const folder = await makeTestFolder()
    const { child, said } = await lockElsewhere(folder)
    expect(said).toBe('locked')
    const message = `The folder ${folder} is in use by process ${child.pid}. Stop it, or use --data with another folder.`
    await expect(lockFolder(folder)).rejects.toThrow(new StartupError(message))
  })

  test('a folder is free again when the process that held it was killed', async () => {
    const folder = await makeTestFolder()
    const { child } = await lockElsewhere(folder)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(readdirSync(folder)).toEqual(['mteja.sock'])
    expect(await connectToFolder(folder)).toBeUndefined()
    const lock = await lockFolder(folder)
    await lock.release()
  })

  test('a folder is locked by one of many that start at once, over the lock that a killed process has left', async () => {
    const folder = await makeTestFolder()
    const { child } = await lockElsewhere(folder)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const here = Array.from({ length: 20 }, () => lockFolder(folder))
    const elsewhere = Array.from({ length: 3 }, () => lockElsewhere(folder))
    const locks = (await Promise.allSettled(here)).filter((outcome) => outcome.status === 'fulfilled')
    const others = (await Promise.all(elsewhere)).filter(({ said }) => said === 'locked')
    expect(locks.length + others.length).toBe(1)
    await locks[0]?.value.release()
  })

  test('a folder may have a name too long for a socket, and be reached by another name', async () => {
    const parent = await makeTestFolder()
    const folder = path.join(parent, 'long'.repeat(30), 'long'.repeat(30))
    const lock = await lockFolder(folder)
    expect(Buffer.byteLength(lock.socketPath)).toBeLessThan(104)
    const alias = path.join(parent, 'alias')
    symlinkSync(folder, alias)
    await expect(lockFolder(alias)).rejects.toThrow(`is in use by process ${process.pid}`)
    expect((await lockElsewhere(folder)).said).toContain(`is in use by process ${process.pid}`)
    expect(await connectToFolder(folder)).toBe(lock.socketPath)
    await lock.release()
    await (await lockFolder(alias)).release()
  })

  test('a folder that cannot be made is refused', async () => {
    const file = path.join(await makeTestFolder(), 'file')
    writeFileSync(file, '')
    await expect(lockFolder(path.join(file, 'data'))).rejects.toThrow(/cannot be used .*ENOTDIR/)
  })

  test('a folder that holds something else in the place of the lock is refused', async () => {
    const folder = await makeTestFolder()
    mkdirSync(path.join(folder, 'mteja.sock'))
    await expect(lockFolder(folder)).rejects.toThrow(StartupError)
  })
})

suite('the socket of the lock', () => {
  test('the socket of a lock answers 503 until it has a handler, and its process id always', async () => {
    const lock = await lockFolder(await makeTestFolder())
    expect(await get(lock)).toMatchObject({ status: 503 })
    lock.setHandler((_request, response) => response.end('handled'))
    expect(await get(lock)).toEqual({ status: 200, body: 'handled' })
    expect(await get(lock, { 'x-mteja-lock': 'pid' })).toEqual({ status: 200, body: String(process.pid) })
    await lock.release()
  })

  test('the socket of a lock is for its user only', async () => {
    const lock = await lockFolder(await makeTestFolder())
    expect(statSync(lock.socketPath).mode & 0o777).toBe(0o600)
    await lock.release()
  })
})
