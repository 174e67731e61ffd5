import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { median } from './rounds.ts'

/** The machine in one line. */
export function describeMachine(): string {
  const cpus = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  const load = os.loadavg()[0]?.toFixed(1)
  return (
    `${cpus.length} × ${cpus[0]?.model.trim()}, ${memory} GiB, ${os.type()} ${os.release()}, ` +
    `an fdatasync of 8 KiB takes ${medianSyncMs().toFixed(2)} ms, load ${load} at the start`
  )
}

/** The median sync time of the disk under the database. */
function medianSyncMs(): number {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mteja-bench-'))
  const file = openSync(path.join(folder, 'sync'), 'w')
  const block = Buffer.alloc(8192)
  const times = Array.from({ length: 50 }, () => {
    const startedAt = performance.now()
    writeSync(file, block, 0, block.length, 0)
    fdatasyncSync(file)
    return performance.now() - startedAt
  })
  closeSync(file)
  rmSync(folder, { recursive: true })
  return median(times)
}
