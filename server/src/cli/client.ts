/**
 * The client package, which whatever of ours calls a server uses too. Named here only, because it is found elsewhere in what
 * is published: `scripts/prepack.mjs` puts it beside this file.
 */
export * from '../../../client/src/index.ts'
