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

// Built by scripts/page.mjs into server/dist/app, from which the server serves it.
export default defineConfig({
  base: '/app/',
  plugins: [react(), packed()],
  // The server puts the nonce of each answer in its place.
  html: { cspNonce: '__NONCE__' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
})
