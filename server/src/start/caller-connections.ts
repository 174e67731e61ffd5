import { BlockList, type Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import { countCredentials } from '../surfaces/http/authenticated-connections.ts'

/**
 * The connections of callers, from the oldest on. Those over which no valid credential comes can be opened by anybody, so they make
 * room for others first: those that never had one, those whose last one was refused, and those whose last one is long ago, for
 * instance because it was revoked. The others count for whoever has the first credential. A proxy that is trusted stands for
 * many callers, and its connections are not among them.
 */
export class CallerConnections {
  readonly #mostOfAddress: number
  readonly #isWorking: (socket: Socket) => boolean
  readonly #lapseMs: number
  readonly #proxies: BlockList
  /** The address of each that is without a credential. */
  readonly #all = new Map<Socket, string>()
  readonly #byAddress = new Map<string, Set<Socket>>()
  /** Those with a credential, in the order of the last one, to a second. */
  readonly #held = new Map<Socket, { address: string; holder: string; lastAt: number }>()
  readonly #byHolder = new Map<string, Set<Socket>>()

  /**
   * @param mostOfAddress connections that one address may have
   * @param proxies addresses and networks, or `loopback`
   * @param isWorking whether a call is under way on a connection
   * @param lapseMs a connection has a credential for this time after its last one
   */
  constructor(
    mostOfAddress: number,
    proxies: readonly string[],
    { isWorking, lapseMs }: { isWorking: (socket: Socket) => boolean; lapseMs: number },
  ) {
    this.#mostOfAddress = mostOfAddress
    this.#proxies = readProxies(proxies)
    this.#isWorking = isWorking
    this.#lapseMs = lapseMs
  }

  /** Adds a new connection. Answers whether its address has more without a credential than it may. */
  add(socket: Socket): boolean {
    this.#lapse()
    const address = this.#addressOf(socket)
    if (address === undefined) return false
    const ofAddress = this.#addWithout(socket, address)
    countCredentials(socket, {
      accepted: (holder) => this.#accept(socket, address, holder),
      refused: () => this.#demote(socket),
    })
    socket.once('close', () => this.remove(socket))
    return ofAddress.size > this.#mostOfAddress
  }

  remove(socket: Socket): void {
    const address = this.#all.get(socket)
    if (address !== undefined) {
      this.#all.delete(socket)
      take(this.#byAddress, address, socket)
    }
    const held = this.#held.get(socket)
    if (held !== undefined) {
      this.#held.delete(socket)
      take(this.#byHolder, held.holder, socket)
    }
  }

  #addWithout(socket: Socket, address: string): Set<Socket> {
    this.#all.set(socket, address)
    return put(this.#byAddress, address, socket)
  }

  #accept(socket: Socket, address: string, holder: string): void {
    const now = performance.now()
    const held = this.#held.get(socket)
    if (held !== undefined && now - held.lastAt < 1000) return
    if (held === undefined) {
      this.remove(socket)
      // Its caller has gone while the credential was looked up: it tells of its end no more.
      if (socket.destroyed) return
      put(this.#byHolder, holder, socket)
    }
    this.#hold(socket, { address, holder: held?.holder ?? holder, lastAt: now })
  }

  #hold(socket: Socket, held: { address: string; holder: string; lastAt: number }): void {
    this.#held.delete(socket)
    this.#held.set(socket, held)
  }

  #demote(socket: Socket): void {
    const held = this.#held.get(socket)
    if (held === undefined) return
    this.remove(socket)
    if (!socket.destroyed) this.#addWithout(socket, held.address)
  }

  #lapse(): void {
    const now = performance.now()
    for (const [socket, held] of this.#held) {
      if (now - held.lastAt <= this.#lapseMs) return
      if (this.#isWorking(socket)) this.#hold(socket, { ...held, lastAt: now })
      else this.#demote(socket)
    }
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

function put(sets: Map<string, Set<Socket>>, name: string, socket: Socket): Set<Socket> {
  const set = sets.get(name) ?? new Set()
  sets.set(name, set.add(socket))
  return set
}

function take(sets: Map<string, Set<Socket>>, name: string, socket: Socket): void {
  const set = sets.get(name)
  set?.delete(socket)
  if (set?.size === 0) sets.delete(name)
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
