import { expect, test, vi } from 'vitest'
import { whileOpen } from './send-text.ts'

test('the answer of a link is cut off within a second or two after the link opens no more', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const destroy = vi.fn()
    const reply = { raw: { destroy } } as never
    let isActive = true
    const asked = vi.fn(async () => isActive)
    async function* parts() {
      for (let i = 0; i < 100; i++) {
        vi.advanceTimersByTime(300)
        if (i === 10) isActive = false
        yield String(i)
      }
    }
    const read: string[] = []
    for await (const part of whileOpen(reply, parts(), asked)) read.push(part)
    expect(read.length).toBeGreaterThanOrEqual(10)
    expect(read.length).toBeLessThan(15)
    expect(destroy).toHaveBeenCalledOnce()
    expect(asked.mock.calls.length).toBeLessThan(6)
  } finally {
    vi.useRealTimers()
  }
})
