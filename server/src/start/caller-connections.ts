import { BlockList, type Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import { whenAuthenticated } from '../surfaces/http/authenticated-connections.ts'

/**
 * The connections of callers, from the oldest on. Those over which no valid credential has come yet can be opened by anybody, so
 * they make room for others first. The others count for whoever has the first credential. A proxy that is trusted stands for many
 * callers, and its connections are not among them.
 */
export class CallerConnections {
  readonly #mostOfAddress: number
  readonly #isWorking: (socket: Socket) => boolean
  readonly #proxies: BlockList
  /** The address of each. */
  readonly #all = new Map<Socket, string>()
  readonly #byAddress = new Map<string, Set<Socket>>()
  /** Those with a credential, by its holder. */
  readonly #byHolder = new Map<string, Set<Socket>>()

  /**
   * @param mostOfAddress connections that one address may have
   * @param proxies addresses and networks, or `loopback`
   * @param isWorking whether a call is under way on a connection
   */
  constructor(mostOfAddress: number, proxies: readonly string[], isWorking: (socket: Socket) => boolean) {
    this.#mostOfAddress = mostOfAddress
    this.#proxies = readProxies(proxies)
    this.#isWorking = isWorking
  }

  /** Adds a new connection until a valid credential comes over it. Answers whether its address has more than it may. */
  add(socket: Socket): boolean {
    const address = this.#addressOf(socket)
    if (address === undefined) return false
    const ofAddress = this.#byAddress.get(address) ?? new Set()
    this.#byAddress.set(address, ofAddress.add(socket))
    this.#all.set(socket, address)
    whenAuthenticated(socket, (holder) => {
      this.remove(socket)
      // Its caller has gone while the credential was looked up: it tells of its end no more.
      if (socket.destroyed) return
      const ofHolder = this.#byHolder.get(holder) ?? new Set()
      this.#byHolder.set(holder, ofHolder.add(socket))
      socket.once('close', () => {
        ofHolder.delete(socket)
        if (ofHolder.size === 0 && this.#byHolder.get(holder) === ofHolder) this.#byHolder.delete(holder)
      })
    })
    socket.once('close', () => this.remove(socket))
    return ofAddress.size > this.#mostOfAddress
  }

  remove(socket: Socket): void {
    const address = this.#all.get(socket)
    if (address === undefined) return
    this.#all.delete(socket)
    const ofAddress = this.#byAddress.get(address)
    ofAddress?.delete(socket)
    if (ofAddress?.size === 0) this.#byAddress.delete(address)
  }

  /** The oldest other connection of the same address on which no call is under way; undefined where there is none. */
  oldestBeside(socket: Socket): Socket | undefined {
    return this.#oldest(this.#byAddress.get(this.#all.get(socket) ?? '')?.keys() ?? [], socket)
  }

  /** The oldest other connection of any address on which no call is under way; undefined where there is none. */
  oldestBut(socket: Socket): Socket | undefined {
    return this.#oldest(this.#all.keys(), socket)
  }

  /**
   * The oldest connection without a call under way of whoever has the most connections with a credential; undefined where each of
   * these is at work. Nobody else loses one.
   */
  oldestOfMost(): Socket | undefined {
    let most = new Set<Socket>()
    for (const each of this.#byHolder.values()) if (each.size > most.size) most = each
    return this.#oldest(most)
  }

  #oldest(connections: Iterable<Socket>, but?: Socket): Socket | undefined {
    for (const each of connections) if (each !== but && !each.destroyed && !this.#isWorking(each)) return each
    return undefined
  }

  /** Of IPv6 the first 64 bits. Undefined for a proxy, and for a connection that is gone already. */
  #addressOf({ remoteAddress }: Socket): string | undefined {
    if (remoteAddress === undefined) return undefined
    const address = ipaddr.process(remoteAddress)
    if (this.#proxies.check(address.toString(), address.kind())) return undefined
    return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString()
  }
}

function readProxies(proxies: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of proxies.flatMap((each) => (each === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [each]))) {
    if (ipaddr.isValidCIDR(text)) {
      const [network, bits] = ipaddr.parseCIDR(text)
      list.addSubnet(network.toString(), bits, network.kind())
    } else list.addAddress(ipaddr.process(text).toString(), ipaddr.process(text).kind())
  }
  return list
}
