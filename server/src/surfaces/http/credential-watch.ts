import type { FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '../../base/errors.ts'

/** How often the credentials of long answers are looked at. */
const lookEveryMs = 1000

interface LongAnswer {
  readonly request: FastifyRequest
  readonly end: () => void
}

/**
 * Looks at the credentials of answers that are still being sent. It asks as each request does, so a key that another server
 * has revoked counts too. Answers of one credential are looked at once.
 */
export class CredentialWatch {
  /** Throws `unauthorized` or `forbidden` where the credential of a request may no longer do this. */
  readonly #check: (request: FastifyRequest) => Promise<unknown>
  readonly #answers = new Set<LongAnswer>()
  #timer: NodeJS.Timeout | undefined

  constructor(check: (request: FastifyRequest) => Promise<unknown>) {
    this.#check = check
  }

  /** @param end called when the credential of the answer's request no longer holds */
  add({ request, raw }: FastifyReply, end: () => void): void {
    if (raw.destroyed || raw.writableFinished) return
    const answer = { request, end }
    this.#answers.add(answer)
    for (const over of ['finish', 'close']) raw.once(over, () => this.#answers.delete(answer))
    this.#timer ??= setTimeout(() => this.#look(), lookEveryMs).unref()
  }

  async #look(): Promise<void> {
    const byName = new Map<string, LongAnswer[]>()
    for (const answer of this.#answers) {
      const name = nameOf(answer)
      byName.set(name, [...(byName.get(name) ?? []), answer])
    }
    await Promise.all([...byName.values()].map((answers) => this.#lookAt(answers)))
    this.#timer = this.#answers.size === 0 ? undefined : setTimeout(() => this.#look(), lookEveryMs).unref()
  }

  async #lookAt(answers: readonly LongAnswer[]): Promise<void> {
    const [first] = answers
    try {
      if (first !== undefined) await this.#check(first.request)
    } catch (error) {
      // A database that cannot be reached says nothing about the credential.
      if (!(error instanceof ServiceError) || !refusals.has(error.code)) return
      for (const { end } of answers) end()
    }
  }
}

const refusals: ReadonlySet<string> = new Set(['unauthorized', 'forbidden', 'scope_missing'])

function nameOf({ request: { headers, routeOptions } }: LongAnswer): string {
  return JSON.stringify([headers.authorization, headers['x-api-key'], routeOptions.config.scope])
}
