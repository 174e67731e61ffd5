import type { Merchant } from './merchant.ts'

/**
 * Makes something happen in test mode that otherwise only a payer or a bank can: `what` is the rest of the path below
 * `/v1/sandbox/`.
 */
export async function postToSandbox(
  merchant: Merchant,
  what: 'payment-methods' | 'pay-ins' | `mandates/${string}/approve`,
  body: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${merchant.url}/v1/sandbox/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${merchant.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`The sandbox answered ${response.status}: ${text}`)
  return JSON.parse(text)
}
