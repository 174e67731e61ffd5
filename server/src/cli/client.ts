/**
 * The client package, for our own code that calls a server. Only this file imports it, because it lies elsewhere in the
 * published package: `scripts/prepack.mjs` puts it beside this file.
 */
export * from '../../../client/src/index.ts'
