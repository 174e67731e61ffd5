import fs, { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { DurableNodeFS } from '../src/db/embedded/durable-fs.ts'

type InitOptions = Parameters<DurableNodeFS['init']>[1]

interface Node {
  readonly mode: number
}
interface Stream {
  readonly node: Node
  readonly nfd: number
}
/** The part of Emscripten's file system over Node's `fs` that changes files. */
interface NodeFileSystem {
  realPath(node: Node): string
  stream_ops: {
    write(stream: Stream, buffer: Uint8Array, offset: number, length: number, position: number): number
    fsync(stream: Stream): number
  }
  node_ops: {
    mknod(parent: Node, name: string, mode: number, device: number): Node
    unlink(parent: Node, name: string): void
    rename(node: Node, parent: Node, name: string): void
    rmdir(parent: Node, name: string): void
    setattr(node: Node, change: { size?: number }): void
  }
}

/** The size of the unit that the system writes to the disk at once. */
const page = 4096

/** The changes without a sync that reach the disk: none, or by chance any page and the first few changes of names. */
export type Mercy = 'nothing' | 'chance'

/**
 * A disk that can lose its power. Beside PostgreSQL's working folder, it keeps the data that surely survives. This data
 * is synced content, and changes of names (made, renamed, removed, cut) up to the last sync of any file, as a
 * journaling file system promises. Later changes may survive or not, page by page.
 */
export class PowerLossDisk extends DurableNodeFS {
  readonly #live: string
  readonly #safe: string
  /** Pages written since the last sync of their file. */
  readonly #dirty = new Map<string, Set<number>>()
  /** Changes of names since the last sync of any file, to be made in a folder. */
  #changes: ((folder: string) => void)[] = []
  /** The number of PostgreSQL's syncs. */
  syncs = 0

  /** @param live the working folder; its present content counts as synced */
  constructor(live: string, safe: string) {
    super(live)
    this.#live = live
    this.#safe = safe
    cpSync(live, safe, { recursive: true })
  }

  override async init(pg: PGlite, options: InitOptions): ReturnType<DurableNodeFS['init']> {
    const result = await super.init(pg, options)
    result.emscriptenOpts.preRun?.push((module) => this.#watch(module.NODEFS as unknown as NodeFileSystem))
    return result
  }

  /** Writes the files as they are after a power failure at this moment into a new folder. */
  losePower(folder: string, mercy: Mercy, random: () => number): void {
    rmSync(folder, { recursive: true, force: true })
    cpSync(this.#safe, folder, { recursive: true })
    if (mercy === 'nothing') return
    const kept = Math.floor(random() * (this.#changes.length + 1))
    for (const change of this.#changes.slice(0, kept)) change(folder)
    for (const [name, pages] of this.#dirty) {
      const lucky = [...pages].filter(() => random() < 0.5)
      if (existsSync(path.join(folder, name))) this.#copyPages(name, lucky, folder)
    }
  }

  #watch(nodeFileSystem: NodeFileSystem): void {
    const nameOf = (node: Node) => path.relative(this.#live, nodeFileSystem.realPath(node))
    this.#watchContent(nodeFileSystem.stream_ops, nameOf)
    this.#watchNames(nodeFileSystem.node_ops, nameOf)
  }

  #watchContent(operations: NodeFileSystem['stream_ops'], nameOf: (node: Node) => string): void {
    const { write, fsync } = operations
    operations.write = (stream, buffer, offset, length, position) => {
      const written = write(stream, buffer, offset, length, position)
      this.#markDirty(nameOf(stream.node), position, written)
      return written
    }
    operations.fsync = (stream) => {
      const code = fsync(stream)
      if (code === 0) this.#synced(nameOf(stream.node))
      return code
    }
  }

  #watchNames(operations: NodeFileSystem['node_ops'], nameOf: (node: Node) => string): void {
    const { mknod, unlink, rename, rmdir, setattr } = operations
    operations.mknod = (parent, name, mode, device) => {
      const made = path.join(nameOf(parent), name)
      this.#changed((folder) => make(path.join(folder, made), mode))
      return mknod(parent, name, mode, device)
    }
    operations.unlink = (parent, name) => {
      const gone = path.join(nameOf(parent), name)
      unlink(parent, name)
      this.#dirty.delete(gone)
      this.#changed((folder) => rmSync(path.join(folder, gone), { force: true }))
    }
    operations.rename = (node, parent, name) => {
      const [from, to] = [nameOf(node), path.join(nameOf(parent), name)]
      rename(node, parent, name)
      this.#moveDirty(from, to)
      this.#changed((folder) => renameSync(path.join(folder, from), path.join(folder, to)))
    }
    operations.rmdir = (parent, name) => {
      const gone = path.join(nameOf(parent), name)
      rmdir(parent, name)
      this.#changed((folder) => rmSync(path.join(folder, gone), { recursive: true, force: true }))
    }
    operations.setattr = (node, change) => {
      setattr(node, change)
      const { size } = change
      const cut = nameOf(node)
      if (size !== undefined) this.#changed((folder) => fs.truncateSync(path.join(folder, cut), size))
    }
  }

  #markDirty(name: string, position: number, length: number): void {
    const pages = this.#dirty.get(name) ?? new Set()
    this.#dirty.set(name, pages)
    for (let at = Math.floor(position / page); at * page < position + length; at += 1) pages.add(at)
  }

  #moveDirty(from: string, to: string): void {
    const pages = this.#dirty.get(from)
    this.#dirty.delete(from)
    this.#dirty.delete(to)
    if (pages) this.#dirty.set(to, pages)
  }

  #changed(change: (folder: string) => void): void {
    this.#changes.push(change)
  }

  #synced(name: string): void {
    this.syncs += 1
    for (const change of this.#changes) change(this.#safe)
    this.#changes = []
    const pages = this.#dirty.get(name)
    this.#dirty.delete(name)
    if (pages) this.#copyPages(name, [...pages], this.#safe)
  }

  #copyPages(name: string, pages: readonly number[], folder: string): void {
    const source = fs.openSync(path.join(this.#live, name), 'r')
    const target = fs.openSync(path.join(folder, name), 'r+')
    const buffer = Buffer.alloc(page)
    for (const at of pages) {
      const length = fs.readSync(source, buffer, 0, page, at * page)
      fs.writeSync(target, buffer, 0, length, at * page)
    }
    fs.closeSync(source)
    fs.closeSync(target)
  }
}

function make(target: string, mode: number): void {
  const isFolder = (mode & 0o170000) === 0o040000
  if (isFolder) mkdirSync(target, { recursive: true })
  else writeFileSync(target, '')
}
