import ipaddr from 'ipaddr.js'
import type { Mode } from '../merchants/tenant.ts'

/**
 * Where the deliveries of test mode may go. `public` is the addresses of the open Internet only. `private` adds the networks
 * of a company, and `local` this machine, for developers.
 */
export type Reach = 'public' | 'private' | 'local'

/** Where deliveries may go. Live mode reaches the open Internet and `networks`; test mode reaches the same, and as `reach` says. */
export interface ReachPolicy {
  reach: Reach
  /** Networks of the operator, such as `10.20.0.0/16`. */
  networks: readonly Network[]
}

export type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Throws an Error for a text that is no network. */
export function parseNetwork(text: string): Network {
  return ipaddr.parseCIDR(text)
}

/** How far an address is. Nothing is ever sent to `nowhere`. */
type Distance = 'public' | 'private' | 'local' | 'nowhere'

const distances: Readonly<Record<string, Distance>> = {
  unicast: 'public',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  loopback: 'local',
}

/** Clouds hand a machine's credentials to whoever asks at these addresses. The link-local ones are `nowhere` by their range. */
const credentialAddresses = ['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16'].map((text) =>
  ipaddr.parse(text).toString(),
)
/** The only addresses of the Internet that were ever handed out. */
const globalUnicast = ipaddr.parseCIDR('2000::/3')

function distanceOf(address: ipaddr.IPv4 | ipaddr.IPv6): Distance {
  if (credentialAddresses.includes(address.toString())) return 'nowhere'
  const distance = distances[address.range()] ?? 'nowhere'
  return distance === 'public' && isIpv6(address) && !address.match(globalUnicast) ? 'nowhere' : distance
}

function isIpv6(address: ipaddr.IPv4 | ipaddr.IPv6): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6'
}

/** Whether an IP address is on the open Internet. */
export function isPublic(address: string): boolean {
  return isWithinReach(address, { reach: 'public', networks: [] }, 'live')
}

/** Whether deliveries of the mode may go to an IP address. Text that is no IP address is not within reach. */
export function isWithinReach(text: string, { reach, networks }: ReachPolicy, mode: Mode): boolean {
  if (!ipaddr.isValid(text)) return false
  // Also ::ffff:10.0.0.1, which is 10.0.0.1.
  const address = ipaddr.process(text)
  const distance = distanceOf(address)
  if (distance === 'public') return true
  if (distance === 'nowhere') return false
  if (networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))) return true
  return mode === 'test' && (reach === 'local' || (reach === 'private' && distance === 'private'))
}

/** The IP address that a URL names literally, in any spelling. Null for a host name. */
export function literalAddress(url: URL): string | null {
  // The URL parser has turned 0x7f.1 and 2130706433 into 127.0.0.1 already.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return ipaddr.isValid(host) ? host : null
}
