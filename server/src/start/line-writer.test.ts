import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { makeTestFolder } from '../../test/engines.ts'
import { LineWriter } from './line-writer.ts'

let file: string
let dropped: number
beforeEach(async () => {
  file = path.join(await makeTestFolder(), 'log')
  dropped = 0
})

function open(maxWaiting = 1000) {
  const fd = openSync(file, 'w')
  return { fd, writer: new LineWriter(fd, maxWaiting, () => dropped++) }
}

const written = () => readFileSync(file, 'utf8')

test('lines are written in order, also those that come while others are written', async () => {
  const { writer } = open(1e6)
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i} é\n`)
  for (const [i, line] of lines.entries()) {
    writer.write(line)
    if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 25))
  }
  await vi.waitFor(() => expect(written()).toBe(lines.join('')), 60_000)
  expect(dropped).toBe(0)
})

test('nobody waits for the writing of a line', () => {
  const { writer } = open()
  writer.write('line\n')
  expect(written()).toBe('')
})

test('lines beyond what may wait are dropped and counted, and the next ones are written', async () => {
  const { writer } = open(12)
  for (const line of ['first\n', 'second\n', 'third\n']) writer.write(line)
  expect(dropped).toBe(1)
  await vi.waitFor(() => expect(written()).toBe('first\nthird\n'), 60_000)
  writer.write('fourth\n')
  await vi.waitFor(() => expect(written()).toBe('first\nthird\nfourth\n'), 60_000)
})

test('lines are dropped and counted when nobody reads them any more', async () => {
  const { fd, writer } = open()
  closeSync(fd)
  writer.write('lost\n')
  await vi.waitFor(() => {
    writer.write('counted\n')
    expect(dropped).toBeGreaterThan(0)
  }, 60_000)
})

test('lines that wait at the end of the process are written', () => {
  const module = new URL('line-writer.ts', import.meta.url)
  const program = `
    import { LineWriter } from ${JSON.stringify(module.href)}
    const writer = new LineWriter(1, 1e7, () => {})
    for (let i = 0; i < 50000; i++) writer.write('line ' + i + '\\n')
    process.exit(0)`
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(text.split('\n')).toHaveLength(50_001)
  expect(text.endsWith('line 49999\n')).toBe(true)
})
