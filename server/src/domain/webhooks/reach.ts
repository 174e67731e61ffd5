import ipaddr from 'ipaddr.js'

/**
 * Where a delivery may go. `public` is the addresses of the open Internet only. `local` adds this machine and its
 * networks, for developers. Link-local addresses are never within reach: clouds keep their machines' credentials
 * there.
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

/** Whether an IP address is within reach. Text that is no IP address is not within reach. */
export function isWithinReach(address: string, reach: Reach): boolean {
  // Also ::ffff:10.0.0.1, which is 10.0.0.1.
  const range = ipaddr.isValid(address) ? ipaddr.process(address).range() : 'reserved'
  return reach === 'public' ? range === 'unicast' : !neverReached.has(range)
}

/** The IP address that a URL names literally, in any spelling. Null for a host name. */
export function literalAddress(url: URL): string | null {
  // The URL parser has turned 0x7f.1 and 2130706433 into 127.0.0.1 already.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return ipaddr.isValid(host) ? host : null
}
