import { buildPage, needsPage } from '../../scripts/page.mjs'
import { executablePath } from './browser.ts'

/** Builds the page once, before the files that open it. */
export default async function setUp(): Promise<void> {
  if (executablePath === undefined) {
    console.warn('The page was not tried in a browser: there is no chromium on this machine.')
    return
  }
  if (needsPage() && (await buildPage()) !== 0) throw new Error('the page could not be built')
}
