// Stands in for npm in set-up.test.ts: keeps a log of its commands and does as npm does, as far as the set-up can see.
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import process from 'node:process'

const [command, ...options] = process.argv.slice(2)
const told = options.filter((option) => /^--(omit|include|no-save)/.test(option))
appendFileSync('npm.log', `${[command, ...told].join(' ')}\n`)
writeFileSync('npm.pid', String(process.pid))
if (command === 'pack') pack()
else await install()

function pack() {
  const folder = options.find((option) => option.startsWith('--pack-destination='))?.split('=')[1]
  const [name, version] = options[0].split('@')
  writeFileSync(`${folder}/${name}-${version}.tgz`, 'not what is pinned')
}

async function install() {
  if (command === 'ci') rmSync('node_modules', { recursive: true, force: true })
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const workspace = options.find((option) => option.startsWith('--workspace='))?.split('=')[1]
  // Of a workspace only its own packages are installed, and those of before stay.
  const ofWorkspace = (folder) =>
    existsSync(`${folder}/index.js`) || folder.slice('node_modules/'.length) in packages[workspace].devDependencies
  const isWanted = ([folder, { dev }]) =>
    workspace === undefined ? !dev || options.includes('--include=dev') : ofWorkspace(folder)
  const wanted = Object.entries(packages)
    .filter(([folder]) => folder.startsWith('node_modules/'))
    .filter(isWanted)
  for (const [folder, { version }] of wanted) {
    const manifest = `${folder}/package.json`
    // To npm a folder of the right name and version is the whole package.
    if (existsSync(manifest) && readFileSync(manifest, 'utf8') === version) continue
    mkdirSync(folder, { recursive: true })
    writeFileSync(manifest, version)
    if (process.env.PRETEND_NPM === 'hangs') await new Promise((resolve) => setTimeout(resolve, 60_000))
    writeFileSync(`${folder}/index.js`, version)
  }
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: Object.fromEntries(wanted) }))
}
