import type { OwnedDb } from '../../../server/src/db/database.ts'
import { removeOld } from '../../../server/src/domain/retention/retention.ts'
import { buildApp } from '../../../server/src/start/app.ts'
import { startBackground } from '../../../server/src/start/background.ts'
import { readConfig } from '../../../server/src/start/config.ts'
import { openService } from '../../../server/src/start/open-service.ts'
import type { Reply, Request, Started } from './messages.ts'

// The server as `mteja serve` starts it, in a process of its own. It has two additions: a route that answers a
// constant, and messages from the bench.
const config = readConfig({}, process.env)
const opened = await openService(config)
const app = await buildApp(opened.service, { ...config, log: opened.log })
let constant = ''
app.get('/bench/constant', (_request, reply) => reply.type('application/json; charset=utf-8').send(constant))
await app.listen({ host: '127.0.0.1', port: 0 })
const stopBackground = startBackground(opened.service)

const started: Started = { port: Number(new URL(app.listeningOrigin).port) }
process.send?.(started)
// This process ends with the bench, whatever ends the bench.
process.on('disconnect', () => process.exit(1))
process.on('message', async (request: Request) => {
  const reply = await answer(request).then(
    (done): Reply => ({ done }),
    (error: Error): Reply => ({ error: error.message }),
  )
  process.send?.(reply)
  if (request.ask === 'stop') process.disconnect()
})

async function answer(request: Request): Promise<number> {
  switch (request.ask) {
    case 'fill':
      await fill(request.statements)
      return 0
    case 'constant':
      constant = request.text
      return 0
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return user + system
    }
    case 'removeOld':
      return removeOld(opened.service, new AbortController().signal)
    case 'stop':
      process.removeAllListeners('disconnect')
      await app.close()
      await stopBackground()
      await opened.close()
      return 0
  }
}

/** Runs the statements as the database's owner, in one session. */
async function fill(statements: readonly string[]): Promise<void> {
  const db = opened.service.db as OwnedDb
  await db.asOwner(async (session) => {
    for (const statement of statements) await session.execute(statement)
  })
}
