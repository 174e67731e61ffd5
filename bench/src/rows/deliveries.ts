import http, { type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { MtejaClient } from '../../../client/src/index.ts'
import { type Bench, database, type Row } from '../bench.ts'
import { atLeast } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'
import { bearer } from '../served/server.ts'

const patienceMs = 120_000

/**
 * Webhooks sent and acknowledged. Then the same, while another endpoint of the merchant accepts connections and never
 * answers.
 */
export const deliveries: Row = async (bench) => {
  const { options } = bench
  const alive = await startReceiver()
  const dead = await startReceiver(() => {})
  const aliveId = await addEndpoint(bench, alive.url)
  const perRound = 400 * options.seconds
  try {
    const figures = await alternate(
      [
        { name: 'alone', run: () => measure(bench, alive, perRound) },
        {
          name: 'beside a dead one',
          run: async () => {
            const deadId = await addEndpoint(bench, dead.url)
            const rate = await measure(bench, alive, perRound)
            await removeEndpoint(bench, deadId)
            return rate
          },
        },
      ],
      options.rounds,
    )
    const ratio = ratioOf(figures, 'beside a dead one', 'alone')
    return [
      {
        what: 'Webhooks delivered to one endpoint, while another endpoint never answers',
        measured: `${format(medianOf(figures, 'beside a dead one'))} /s`,
        against: `without the other endpoint: ${format(medianOf(figures, 'alone'))} /s`,
        ratio,
        goal: atLeast(ratio, 0.9),
      },
    ]
  } finally {
    await removeEndpoint(bench, aliveId)
    alive.close()
    dead.close()
  }
}

interface Receiver {
  readonly url: string
  count: number
  close(): void
}

/** Acknowledges every webhook, unless `listener` answers instead. */
async function startReceiver(listener?: RequestListener): Promise<Receiver> {
  const receiver = { count: 0 }
  const server: Server = http.createServer(
    listener ??
      ((request, response) => {
        receiver.count += 1
        request.resume()
        response.end()
      }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return Object.assign(receiver, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close })
}

/** Makes an event for `count` customers in one commit. Answers deliveries per second until each event is sent. */
async function measure({ postgres, customers }: Bench, receiver: Receiver, count: number): Promise<number> {
  receiver.count = 0
  const startedAt = performance.now()
  await postgres.execute(
    database,
    `insert into events (merchant_id, mode, type, customer_id, data, created_at)
     select c.merchant_id, c.mode, 'customer.updated', c.id,
       json_build_object('customer', customer_snapshot(c), 'details', json_build_object()), now()
     from customers c
     where c.number <= ${Math.min(count, customers)}`,
  )
  const expected = Math.min(count, customers)
  while (receiver.count < expected) {
    if (performance.now() - startedAt > patienceMs) throw new Error(`${receiver.count} of ${expected} were told`)
    await sleep(5)
  }
  return (expected / (performance.now() - startedAt)) * 1000
}

async function addEndpoint(bench: Bench, url: string): Promise<string> {
  return (await clientOf(bench).webhookEndpoints.create({ url })).id
}

async function removeEndpoint(bench: Bench, id: string): Promise<void> {
  await clientOf(bench).webhookEndpoints.delete(id)
}

function clientOf({ server }: Bench): MtejaClient {
  return new MtejaClient({ baseUrl: `http://127.0.0.1:${server.port}`, token: bearer })
}
