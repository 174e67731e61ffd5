import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi, type TestRoute } from './api.ts'
import { type Belongings, makeBelongings } from './belongings.ts'
import { answerProblem } from './hostile-answers.ts'
import { adminKey, credentialFor, hostileRequest } from './hostile-requests.ts'
import { testSeed as seed } from './random.ts'
import { createTestTenant } from './service.ts'

const requests = Number(process.env.MTEJA_TEST_REQUESTS ?? 1_000_000)
/** The seed is printed. Setting it again repeats the requests, but not the order in which they arrive. */
const perRoute = 25
/** Routes that are called at the same time. A call that waits too long for the database is refused, rightly, with 503. */
const atOnce = 32
/** A request may revoke the key that it comes with, so a new tenant with new belongings takes over now and then. */
const roundsOfTenant = 4

let api: TestApi
beforeAll(async () => {
  api = await openTestApi({ adminKey })
})
afterAll(() => api.close())

test(`${requests} hostile requests to all routes get no 5xx and no wrong envelope`, {
  timeout: 3 * 3_600_000,
}, async () => {
  const statuses = new Map<number, number>()
  /** How many there are of each kind, under an example of it. */
  const problems = new Map<string, { example: string; count: number }>()
  const note = (kind: string, example: string) => {
    const known = problems.get(kind)
    if (known === undefined) problems.set(kind, { example, count: 1 })
    else known.count += 1
  }
  let sent = 0
  const send = async (route: TestRoute, secret: string, own: Belongings, round: number) => {
    for (const request of fc.sample(hostileRequest(route, own), { seed: seed + round, numRuns: perRoute })) {
      const answer = await api.app.inject({
        method: route.method as 'GET',
        url: request.path,
        headers: { ...request.headers, authorization: `Bearer ${credentialFor(route, secret)}` },
        ...(request.body === undefined ? {} : { payload: request.body }),
      })
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
      const problem = answerProblem(route, answer, request)
      const asked = `${route.name} ${request.path} ${request.body}`
      if (problem !== null) note(`${route.name} ${answer.statusCode}`, `${asked}: ${problem}`)
      else if (answer.statusCode >= 500) note(`${route.name} ${answer.statusCode}`, `${asked}: ${answer.body}`)
      sent += 1
    }
  }
  let tenant = api.tenant
  let own = await makeBelongings(api, tenant)
  for (let round = 0; sent < requests; round++) {
    if (round > 0 && round % roundsOfTenant === 0) {
      tenant = await createTestTenant(api.service)
      own = await makeBelongings(api, tenant)
    }
    for (let first = 0; first < api.routes.length; first += atOnce) {
      const some = api.routes.slice(first, first + atOnce)
      await Promise.all(some.map((route) => send(route, tenant.secret, own, round)))
    }
  }
  const failed = [...statuses].filter(([status]) => status >= 500).reduce((sum, [, count]) => sum + count, 0)
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  console.log(
    `MTEJA_TEST_SEED=${seed}; ${sent} requests; ${counts.join(', ')}; 5xx: ${failed}; kinds of wrong answers: ${problems.size}`,
  )
  for (const { example, count } of problems.values()) console.log(`${count} times, such as ${example}`)
  expect([failed, problems.size]).toEqual([0, 0])
})
