import { framesOf, ServiceError } from './errors.ts'
import type { FailureLog } from './failure-log.ts'
import type { Meter } from './meter.ts'
import { UpstreamError, type UpstreamFailure } from './upstream-error.ts'

/**
 * The same upstream, with each call measured by operation and outcome, and failures logged when they begin, once a minute
 * and when they end. What an upstream says of a failure is not logged: it may quote a customer's data.
 *
 * @param name the upstream's, in logs and metrics: `paystack`
 */
export function observeUpstream<Upstream extends object>(
  { meter, failures }: { meter: Meter; failures: FailureLog },
  name: string,
  upstream: Upstream,
): Upstream {
  function observe(operation: string, call: (...given: unknown[]) => unknown) {
    const subject = `upstream ${name} ${operation}`
    return async (...given: unknown[]) => {
      const startedAt = performance.now()
      const tell = (outcome: string) =>
        meter
          .histogram('mteja_upstream_call_duration_seconds', { upstream: name, operation, outcome })
          .observe((performance.now() - startedAt) / 1000)
      try {
        const answer = await call.apply(upstream, given)
        tell('answered')
        failures.worked(subject)
        return answer
      } catch (error) {
        const outcome = outcomeOf(error)
        tell(outcome)
        if (outcome === 'answered') failures.worked(subject)
        else
          failures.failed(subject, {
            outcome,
            ...(error instanceof UpstreamError && error.status !== null ? { status: error.status } : {}),
            ...(outcome === 'fault' ? { stack: framesOf((error as Error).stack) } : {}),
          })
        throw error
      }
    }
  }
  const observed = Object.entries(upstream).map(([operation, member]) => [
    operation,
    typeof member === 'function' ? observe(operation, member) : member,
  ])
  return Object.fromEntries(observed) as Upstream
}

/**
 * The same for an upstream that reports each call itself: its operation, its outcome as a word, and how long it took in
 * milliseconds. A refusal is an answer: whether it is a failure, the caller knows.
 */
export function observeCalls(
  { meter, failures }: { meter: Meter; failures: FailureLog },
  name: string,
): (operation: string, outcome: string, durationMs: number) => void {
  return (operation, outcome, durationMs) => {
    meter
      .histogram('mteja_upstream_call_duration_seconds', { upstream: name, operation, outcome })
      .observe(durationMs / 1000)
    const subject = `upstream ${name} ${operation}`
    if (outcome === 'answered' || outcome === 'refused') failures.worked(subject)
    else failures.failed(subject, { outcome })
  }
}

/**
 * What came of a call that threw, in the words of `UpstreamFailure`; `fault` for a bug of this service. A refusal for a reason
 * of the domain is an answer like any other.
 */
function outcomeOf(error: unknown): UpstreamFailure | 'answered' | 'fault' {
  if (error instanceof ServiceError) return 'answered'
  if (error instanceof UpstreamError) return error.outcome
  const { name, cause } = (error ?? {}) as Record<'name' | 'cause', unknown>
  if (name === 'TimeoutError') return 'timed_out'
  // `fetch` reports every failure to connect as a TypeError with a cause.
  if (error instanceof TypeError && cause !== undefined) return 'unreachable'
  if (error instanceof SyntaxError) return 'malformed'
  return 'fault'
}
