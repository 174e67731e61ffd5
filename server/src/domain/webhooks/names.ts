import dns from 'node:dns'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'

/** An IP address of a name, and its version. */
export interface NameAddress {
  address: string
  family: 4 | 6
}

/** Answers the addresses of a name. Rejects with the code `ENOTFOUND` or `EAI_AGAIN`. */
export type ResolveName = (hostname: string) => Promise<NameAddress[]>

export interface NameSettings {
  /** Name servers, as IP addresses with an optional port. Default: those of the machine. */
  servers?: readonly string[]
  hostsFile?: string
  resolvConf?: string
  /** After this time a look-up is given up. */
  timeoutMs?: number
}

/**
 * A resolver whose look-ups can be given up. `dns.lookup` cannot: it waits on one of the few threads that the process
 * has for such work, and names whose servers never answer would hold up the names of every other tenant.
 *
 * The order is that of the machine: the names of `localhost`, the hosts file, then the name servers, with the search
 * list of `resolv.conf` for short names such as those of containers. Calls for one name that come together are one look-up,
 * so a tenant has at most one look-up under way for each of its endpoints.
 */
export function createNameResolver(settings: NameSettings = {}): ResolveName {
  const underWay = new Map<string, Promise<NameAddress[]>>()
  return (hostname) => {
    const name = hostname.toLowerCase()
    let lookUp = underWay.get(name)
    if (lookUp === undefined) {
      lookUp = resolveName(name, settings).finally(() => underWay.delete(name))
      underWay.set(name, lookUp)
    }
    return lookUp
  }
}

const hostsFileOfMachine =
  process.platform === 'win32'
    ? join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts')
    : '/etc/hosts'

async function resolveName(name: string, settings: NameSettings): Promise<NameAddress[]> {
  const plain = name.replace(/\.$/, '')
  const known = await readHosts(settings.hostsFile ?? hostsFileOfMachine, plain)
  if (known.length > 0) return known
  // RFC 6761: a name server is never asked for these.
  if (plain === 'localhost' || plain.endsWith('.localhost')) return ['127.0.0.1', '::1'].map(readAddress)
  return askNameServers(await spellingsOf(name, settings.resolvConf ?? '/etc/resolv.conf'), settings)
}

/** Read for each look-up, as the machine's own resolver does: the file may change while the server runs. */
async function readHosts(file: string, name: string): Promise<NameAddress[]> {
  return (await readLines(file))
    .filter(([address = '', ...names]) => isIP(address) !== 0 && names.some((each) => each.toLowerCase() === name))
    .map(([address = '']) => readAddress(address))
}

/** The full names that a name may stand for, in the order in which they are asked for: `man resolv.conf`. */
async function spellingsOf(name: string, file: string): Promise<string[]> {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const lines = await readLines(file)
  const search = lines.findLast(([word]) => word === 'search' || word === 'domain')?.slice(1) ?? []
  const option = lines
    .flatMap(([word, ...rest]) => (word === 'options' ? rest : []))
    .find((each) => /^ndots:\d+$/.test(each))
  const completed = search.filter((suffix) => suffix !== '.').map((suffix) => `${name}.${suffix.replace(/\.$/, '')}`)
  const dots = name.split('.').length - 1
  return dots >= Number(option?.slice('ndots:'.length) ?? 1) ? [name, ...completed] : [...completed, name]
}

/** The words of each line, without comments. None for a file that is not there. */
async function readLines(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  )
}

async function askNameServers(names: readonly string[], { servers, timeoutMs = 5_000 }: NameSettings) {
  // Made anew for each look-up: it reads which name servers the machine has now, and cancels nothing but this look-up.
  const resolver = new dns.promises.Resolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  const giveUp = setTimeout(() => resolver.cancel(), timeoutMs)
  try {
    for (const name of names) {
      const found = await askFor(resolver, name)
      if (found.length > 0) return found
    }
  } finally {
    clearTimeout(giveUp)
  }
  throw Object.assign(new Error('There is no such name'), { code: 'ENOTFOUND' })
}

/** Addresses of either version. None for a name that is not there. Rejects where no name server could say. */
async function askFor(resolver: dns.promises.Resolver, name: string): Promise<NameAddress[]> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const found = answers.flatMap((each) => (each.status === 'fulfilled' ? each.value.map(readAddress) : []))
  const failed = answers.find(
    (each) => each.status === 'rejected' && !['ENOTFOUND', 'ENODATA'].includes(each.reason.code),
  )
  if (found.length > 0 || failed === undefined) return found
  throw Object.assign(new Error('No name server has answered'), { code: 'EAI_AGAIN' })
}

function readAddress(address: string): NameAddress {
  return { address, family: isIP(address) === 6 ? 6 : 4 }
}
