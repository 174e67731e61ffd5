import pg from 'pg'
import { Connection } from './connection.ts'
import type { Answer, HttpJob, Job, LoadResult, SqlJob } from './job.ts'
import { measure, type Send } from './measure.ts'
import { requestMaker } from './requests.ts'

// The load generator, a process of its own. It does one job at a time.
process.on('message', async (job: Job) => {
  const answer = await run(job).then(
    (result): Answer => ({ result }),
    (error: Error): Answer => ({ error: error.message }),
  )
  process.send?.(answer)
})

function run(job: Job): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const work = job.type === 'http' ? loadHttp(job, reject) : loadSql(job, reject)
    work.then(resolve, reject)
  })
}

async function loadHttp(job: HttpJob, fail: (error: Error) => void): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: job.callers }, () => Connection.open(job.port, fail)))
  const nextRequest = requestMaker(job)
  const callers = connections.map(
    (connection): Send =>
      (done) => {
        connection.send(nextRequest(), (status, body) => {
          if (status >= 300) fail(new Error(`${job.kind} was answered ${status}: ${body}`))
          else done(body.length)
        })
      },
  )
  try {
    return await measure(callers, job)
  } finally {
    for (const connection of connections) connection.close()
  }
}

async function loadSql(job: SqlJob, fail: (error: Error) => void): Promise<LoadResult> {
  const clients = Array.from({ length: job.callers }, () => new pg.Client(job.databaseUrl))
  await Promise.all(clients.map((client) => client.connect()))
  const callers = clients.map(
    (client): Send =>
      (done) => {
        const values = job.ranges.map((range) => 1 + Math.floor(Math.random() * range))
        client.query({ name: 'bench', text: job.statement, values }).then(() => done(0), fail)
      },
  )
  try {
    return await measure(callers, job)
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}
