import fs from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { codeOf } from '../errors.ts'

type InitOptions = Parameters<NodeFS['init']>[1]
type Module = Parameters<NonNullable<InitOptions['preRun']>[number]>[0]

/** The part of Emscripten's file system over Node's `fs` that is needed here. */
interface NodeFileSystem {
  stream_ops: { open(stream: OpenFile): void; fsync?: (stream: OpenFile) => number }
}

interface OpenFile {
  /** The number by which PostgreSQL knows the file. */
  readonly fd: number
  readonly node: { readonly mode: number }
  /** Node's file descriptor. */
  readonly nfd: number
}

/** WASI's code of an input/output error. PostgreSQL answers it for the write-ahead log by stopping at once. */
const inputOutputError = 29

/**
 * Files in a folder, with an fsync that reaches the disk. As shipped, NodeFS has none and PGlite starts PostgreSQL with
 * fsync off: killed processes lose nothing by it, but in simulated power losses a third of the acknowledged writes was
 * gone and ten of twelve folders did not open (electric-sql/pglite#1107).
 */
export class DurableNodeFS extends NodeFS {
  override async init(pg: PGlite, options: InitOptions): ReturnType<NodeFS['init']> {
    const result = await super.init(pg, options)
    result.emscriptenOpts.preRun?.push((module: Module) => {
      const nodeFileSystem = module.NODEFS as unknown as NodeFileSystem
      const { stream_ops: operations } = nodeFileSystem
      operations.fsync = syncFile
      const { open } = operations
      operations.open = (file) => {
        try {
          open(file)
        } catch (error) {
          // As shipped, a file that could not be opened keeps its number. After 4,096 of them no file can be opened.
          module.FS.closeStream(file.fd)
          throw error
        }
      }
    })
    return result
  }
}

/** A system says by one of these that it does not fsync directories at all. Anything else is a fault of the disk. */
const unableCodes = new Set(['EISDIR', 'EACCES', 'EPERM', 'EBADF', 'EINVAL', 'ENOTSUP'])

function syncFile(file: OpenFile): number {
  try {
    fs.fsyncSync(file.nfd)
    return 0
  } catch (error) {
    // Not every system can fsync a directory (Windows cannot); PostgreSQL does without it there too.
    return isDirectory(file) && unableCodes.has(codeOf(error) ?? '') ? 0 : inputOutputError
  }
}

function isDirectory({ node }: OpenFile): boolean {
  return (node.mode & 0o170000) === 0o040000
}

/**
 * How PostgreSQL is started: PGlite's own list with fsync on. `fdatasync`, the usual way to sync the write-ahead log, is
 * an empty function in this build, so it is told to use `fsync`.
 */
export function startParameters(pgliteDefaults: readonly string[]): string[] {
  return [
    ...pgliteDefaults.filter((parameter) => parameter !== '-F'),
    ...setting('fsync', 'on'),
    ...setting('wal_sync_method', 'fsync'),
    // Files of the log that are kept for later. Without a checkpointer this is no limit: maintenance.ts sees to that.
    ...setting('min_wal_size', '16MB'),
    ...setting('max_wal_size', '16MB'),
    // 188 MB of memory instead of 330; the operating system caches the files anyway.
    ...setting('shared_buffers', '16MB'),
    // Half the default, so that it is certainly less than the thread's stack can take.
    ...setting('max_stack_depth', '1MB'),
    // Refused statements are the caller's business, not the log's.
    ...setting('log_min_messages', 'log'),
  ]
}

function setting(name: string, value: string): string[] {
  return ['-c', `${name}=${value}`]
}
