import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Writes each file of the build a second time, packed: the server only hands them out. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    writeBundle({ dir = '' }) {
      const assets = join(dir, 'assets')
      for (const name of readdirSync(assets)) {
        const options = { level: constants.Z_BEST_COMPRESSION }
        writeFileSync(join(assets, `${name}.gz`), gzipSync(readFileSync(join(assets, name)), options))
      }
    },
  }
}

/** The browser reads the page while the first script asks the server. */
function preloaded(): Plugin {
  return {
    name: 'preloaded',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle = {} }) => {
        const files = Object.keys(bundle).filter((name) => /^assets\/page-[\w-]+\.js$/.test(name))
        if (files.length === 0) throw new Error('no chunk is named page')
        return files.map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/app/${file}`, nonce: '__NONCE__' },
          injectTo: 'head',
        }))
      },
    },
  }
}

// Built by scripts/page.mjs into server/dist/app, from which the server serves it.
export default defineConfig({
  base: '/app/',
  plugins: [react(), packed(), preloaded()],
  // The server puts the nonce of each answer in its place.
  html: { cspNonce: '__NONCE__' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        // Few files: what asks the server first, what draws the first screen, and what the other screens share.
        codeSplitting: {
          groups: [
            { name: 'start', tags: ['$initial'], priority: 3 },
            { name: 'page', test: /dashboard\/src\/(page|home\/home)\.tsx$/, priority: 2 },
            { name: 'common', minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
})
