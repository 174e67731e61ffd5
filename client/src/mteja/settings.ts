import type { CallOptions } from '../core/options.ts'

/**
 * The change that settings mean which were read, changed and are sent back: without what they say of themselves. The time at which they
 * were read becomes the condition of the change, unless `options` has an `ifMatch`. A body without a time is sent as it is.
 */
export function changeOf<Body extends object>(
  body: Body,
  options?: CallOptions,
): [change: object, options: CallOptions | undefined] {
  const { updatedAt, isOn: _, waitingApprovalId: __, ...change } = body as Record<string, unknown>
  return [change, typeof updatedAt === 'string' ? { ifMatch: updatedAt, ...options } : options]
}
