import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { bringNode, describeLack, findNode, linkNode, needsLink, needsNode } from './node.mjs'
import { countInstalled, installPackages, planPackages } from './packages.mjs'
import { showProgress } from './progress.mjs'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { takeTurn } from './turn.mjs'

// The scripts in this folder start on whatever Node the user has, from 20 on: plain JavaScript and no dependencies,
// because on a fresh clone there are none.

/** @typedef {'server' | 'tools'} Needs what runs the server, or what checks, tests and builds it too */

const dist = join(root, 'server/dist')
const schema = ['migrations', 'functions'].map((folder) => join(root, 'server/db', folder))
const templateMakers = ['node_modules/@electric-sql/pglite/package.json', 'server/src/db/embedded/template.ts']

/**
 * Installs and builds what is missing or out of date. Ends the process with one sentence when something fails.
 *
 * @param {Needs} needs
 * @returns {Promise<string>} the path of the Node that runs TypeScript as it is
 */
export async function setUp(needs) {
  if (!isSetUp(needs)) await takeTurn(join(root, '.cache/set-up.pid'), () => prepare(needs))
  return findNode() ?? fail(describeLack())
}

function isSetUp(/** @type {Needs} */ needs) {
  const needsTools = needs === 'tools'
  return !planPackages(needsTools) && !needsNode(needsTools) && !needsLink() && !needsTemplate(needsTools)
}

async function prepare(/** @type {Needs} */ needs) {
  const needsTools = needs === 'tools'
  await install(needsTools)
  if (needsLink()) linkNode()
  if (needsTemplate(needsTools)) await buildTemplate()
}

/** Packages and Node are installed side by side. Another process may have done it while this one waited for its turn. */
async function install(/** @type {boolean} */ needsTools) {
  const plan = planPackages(needsTools)
  const bringsNode = needsNode(needsTools)
  if (!plan && !bringsNode) return
  const work = [...(plan ? [installPackages(plan)] : []), ...(bringsNode ? [bringNode()] : [])]
  const what = [plan && 'packages', bringsNode && 'Node'].filter(Boolean).join(' and ')
  const count = () => (plan ? `: ${countInstalled(plan.missing)} of ${plan.missing.length} packages` : '')
  const endProgress = showProgress(() => `Installing ${what}${count()}`)
  const outcomes = await Promise.all(work)
  const failed = outcomes.filter(({ code, interrupted }) => code !== 0 || interrupted)
  endProgress(failed.length === 0 ? `Installed ${what}` : undefined)
  for (const { code, interrupted, printed } of failed) {
    if (interrupted) process.exit(code || 1)
    fail(printed)
  }
}

/**
 * Tests and builds need the template. A server without one makes its database itself, which takes less than half as long
 * as making the template first. But a template that is there may be taken by a server, so it must not be out of date.
 */
function needsTemplate(/** @type {boolean} */ needsTools) {
  const template = filesIn(dist).find((file) => /[/\\]pgdata-[0-9a-f]+\.tar\.gz$/.test(file))
  if (template === undefined) return needsTools
  const sources = [...templateMakers.map((file) => join(root, file)), ...schema, ...schema.flatMap(filesIn)]
  return !isNewer(template, sources)
}

/** @returns {string[]} */
function filesIn(/** @type {string} */ folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

/** Whether a file is no older than the files and folders that it is made from: as make decides. */
function isNewer(/** @type {string} */ made, /** @type {string[]} */ sources) {
  const timeOf = (/** @type {string} */ file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.every((source) => timeOf(source) <= timeOf(made))
}

/** A data folder ready to be copied: initdb and the migrations would make every first start on the embedded database wait for seconds. */
async function buildTemplate() {
  const endProgress = showProgress(() => 'Preparing the embedded database')
  const node = findNode() ?? fail(describeLack())
  const { code, interrupted } = await run(node, [join(root, 'server/src/db/embedded/write-template.ts')])
  endProgress()
  if (interrupted || code !== 0) process.exit(code || 1)
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(message)
  process.exit(1)
}
