import { readFileSync } from 'node:fs'
import http from 'node:http'
import { listenAnywhere } from './proxies.ts'

/** A package as `npm pack --json` reports it. */
export interface PackedPackage {
  name: string
  version: string
  integrity: string
  /** Its tarball. */
  file: string
  /** Its package.json. */
  manifest: object
}

/**
 * A registry that has one package more than the registry of this machine. npm reads the shrinkwrap of a package that it
 * installs by name, and not of a file.
 *
 * @param upstream the registry of this machine, for all other packages
 */
export async function openRegistry({ name, version, integrity, file, manifest }: PackedPackage, upstream: string) {
  let url = ''
  const server = http.createServer((request, response) => {
    if (request.url === `/${name}`) {
      // A registry notes that the tarball has a shrinkwrap.
      const entry = { ...manifest, _hasShrinkwrap: true, dist: { tarball: `${url}/${name}.tgz`, integrity } }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: entry } }))
    } else if (request.url === `/${name}.tgz`) response.end(readFileSync(file))
    else response.writeHead(302, { location: `${upstream.replace(/\/$/, '')}${request.url}` }).end()
  })
  url = await listenAnywhere(server)
  return {
    url,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
