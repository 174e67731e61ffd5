// npm run size: the bytes that a bundler makes of each client alone and of the whole package, minified and gzipped.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

// The own API has by far the most operations.
const goals = new Map([
  ['CashfulClient', 8192],
  ['PaystackClient', 8192],
  ['MtejaClient', 9216],
])
const entry = fileURLToPath(new URL('../dist/esm/index.js', import.meta.url))
const wanted = {
  CashfulClient: 'CashfulClient',
  PaystackClient: 'PaystackClient',
  MtejaClient: 'MtejaClient',
  'webhook verification': 'verifyCashfulWebhook, verifyPaystackWebhook',
  'the whole package': '*',
}

/** @type {string[]} */
const tooLarge = []
for (const [name, exports] of Object.entries(wanted)) {
  const source =
    exports === '*' ? `export * from ${JSON.stringify(entry)}` : `export { ${exports} } from ${JSON.stringify(entry)}`
  const code = await bundle(source)
  const size = gzipSync(code).length
  console.log(`${name.padEnd(22)}${String(code.length).padStart(7)} min ${String(size).padStart(7)} min+gzip`)
  const goal = goals.get(name) ?? Number.POSITIVE_INFINITY
  if (size > goal) tooLarge.push(`${name} alone must not be larger than ${goal} bytes min+gzip.`)
}
if (tooLarge.length > 0) {
  console.error(tooLarge.join('\n'))
  process.exit(1)
}

/** @param {string} source */
async function bundle(source) {
  const bundler = await rolldown({
    input: 'entry',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? source : null),
      },
    ],
  })
  const { output } = await bundler.generate({ format: 'esm', minify: true })
  await bundler.close()
  return output[0].code
}
