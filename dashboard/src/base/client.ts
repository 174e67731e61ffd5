/** The client package. The page talks to the server through it alone, and only this file imports it. */
export * from '../../../client/src/index.ts'
