import type { Ask } from './ask.ts'
import { readBoolean, readMembers, readSuccess } from './reading.ts'

/** `GET /customer/authorization/verify/:reference`: whether the bank has agreed to a mandate. Throws `UpstreamError`. */
export async function verifyMandate(ask: Ask, reference: string): Promise<boolean> {
  const operation = 'verify_mandate'
  const path = `/customer/authorization/verify/${encodeURIComponent(reference)}`
  const answer = await ask({ operation, method: 'GET', path })
  if (answer.status === 404 && answer.body.status === false) return false
  return readSuccess(operation, answer, (data) => readBoolean(readMembers(data), 'active'))
}
