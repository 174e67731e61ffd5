import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { StartupError } from '../db/errors.ts'
import { pauseAll } from '../domain/payments/sending-pauses.ts'
import { trustConnection } from '../surfaces/mteja/operator.ts'
import { startBackground } from './background.ts'
import { watchClock } from './clock-watch.ts'
import type { Config } from './config.ts'
import { chooseConfigured } from './configured-processor.ts'
import { hasMerchant } from './installation.ts'
import { type Listeners, type OpenService, openService } from './open-service.ts'

/** A server that answers. */
export interface RunningServer {
  /** Where it listens: http://127.0.0.1:9000 */
  origin: string
  firstStart: OpenService['firstStart']
  /** Whether there is a merchant, so that a key can be made. */
  hasMerchant: boolean
  /**
   * Says that it closes for a while, if so configured. Then answers the calls under way and closes everything.
   *
   * @param drainMs the length of that while; default as configured
   */
  close(drainMs?: number): Promise<void>
}

/** Starts everything: database, application, background work, port. Throws StartupError; nothing is left open then. */
export async function serve(config: Config, listeners: Listeners): Promise<RunningServer> {
  // The database opens in a thread of its own; the application is loaded meanwhile.
  const loading = import('./app.ts')
  // The `await` below throws a failure. Until then Node would take it for one that nobody handles.
  loading.catch(() => {})
  const opened = await openService(config, listeners)
  try {
    listeners.onStage?.('Preparing the APIs.')
    const { buildApp } = await loading
    await chooseConfigured(opened.service, config)
    if (config.startPaused) await pauseAll(opened.service)
    const askClock = watchClock(opened.service)
    await askClock()
    const draining = new AbortController()
    const app = await buildApp(opened.service, { ...config, log: opened.log, askClock, draining: draining.signal })
    const origin = await listen(app, config)
    // The command line speaks to a running server through the data folder's socket, as its operator.
    opened.lock?.setHandler((request, response) => {
      trustConnection(request.socket)
      app.routing(request, response)
    })
    const stopBackground = startBackground(opened.service)
    return {
      origin,
      firstStart: opened.firstStart,
      hasMerchant: await hasMerchant(opened.service.db),
      async close(drainMs = config.drainMs) {
        draining.abort()
        await sleep(drainMs)
        await Promise.all([app.close(), stopBackground()])
        await opened.close()
      },
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port })
    return app.listeningOrigin
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new StartupError(`Port ${port} is in use by another program. Stop it, or choose another with --port.`)
    }
    if (code === 'EACCES') throw new StartupError(`Port ${port} needs more rights. Choose one above 1023 with --port.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new StartupError(`${host} is no address of this machine. Choose another with --host.`)
    }
    throw error
  }
}
