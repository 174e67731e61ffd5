import ipaddr from 'ipaddr.js'

/**
 * Where a delivery may go. `public`: only addresses of the open Internet. `local`: this machine and its networks too,
 * which is what a developer wants; never link-local ones, where clouds keep their machines' credentials.
 */
export type Reach = 'public' | 'local'

/** The last three lead to IPv4 addresses of any kind. */
const neverReached = new Set([
  'linkLocal',
  'multicast',
  'broadcast',
  'unspecified',
  'reserved',
  'rfc6052',
  '6to4',
  'teredo',
])

/** Whether an IP address is within reach. Text that is none is not. */
export function isWithinReach(address: string, reach: Reach): boolean {
  // Also ::ffff:10.0.0.1, which is 10.0.0.1.
  const range = ipaddr.isValid(address) ? ipaddr.process(address).range() : 'reserved'
  return reach === 'public' ? range === 'unicast' : !neverReached.has(range)
}

/** The IP address that a URL names literally, however it spells it; null for a name. */
export function literalAddress(url: URL): string | null {
  // The URL parser has turned 0x7f.1 and 2130706433 into 127.0.0.1 already.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return ipaddr.isValid(host) ? host : null
}
