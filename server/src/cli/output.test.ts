import { afterEach, expect, test, vi } from 'vitest'
import { printTable } from './output.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test('a table shows characters that act on a terminal, or that nobody sees, by their codes', () => {
  const written: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  printTable(['NAME', 'ID'], [['till\u001b[31m\u202e\nrow', 'one']])
  expect(written.at(-1)).toBe('till<U+001B>[31m<U+202E> row  one\n')
})
