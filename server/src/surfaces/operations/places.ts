import type { DatabaseState } from '../../domain/context.ts'
import { html } from '../http/html.ts'

const faults = {
  unreachable: 'The database cannot be reached.',
  full: 'The database has no space left.',
}

/** Where things are: shown at `/app` until the operator's page is built. */
export function placesBody(url: string, state: DatabaseState) {
  return html`
<h1>Mteja</h1>
<p>${state === 'ready' ? html`<span class="done">Ready</span>` : html`<strong>${faults[state]}</strong>`} at ${url}</p>

<h2>Where things are</h2>
<dl class="places">
<dt>Reference</dt><dd><a href="/docs">/docs</a>: every call of the three APIs, to read and to try</dd>
<dt>Cashful’s API</dt><dd><code>${url}/api/canary</code>, for a client whose host is <code>${url}</code></dd>
<dt>Paystack’s API</dt><dd><code>${url}</code></dd>
<dt>Mteja’s own API</dt><dd><code>${url}/v1</code></dd>
<dt>OpenAPI</dt><dd><a href="/docs/cashful.json">Cashful</a>, <a href="/docs/paystack.json">Paystack</a>, <a href="/docs/mteja.json">Mteja</a></dd>
<dt>Health</dt><dd><a href="/readyz">/readyz</a>: whether the database answers, <a href="/healthz">/healthz</a>: whether the process does, <a href="/metrics">/metrics</a></dd>
</dl>

<h2>First calls</h2>
<p>The first start of the server prints the key of a test merchant. <code>mteja key create</code> makes another one.</p>
<pre>export MTEJA_KEY=sk_test_…

# A customer, as Cashful’s API creates one
curl ${url}/api/canary/customers -H "Authorization: Bearer $MTEJA_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"phoneNumber":"+27821234567","email":"ada@example.com","name":"Ada Obi","metadata":{}}'

# Store the id from the answer
export CUSTOMER=CUS_…

# A pay-in of 50.00 ZAR, as if the money had come from outside. Amounts are whole minor units
curl ${url}/v1/sandbox/pay-ins -H "Authorization: Bearer $MTEJA_KEY" \\
  -H 'Content-Type: application/json' -d "{\\"customerId\\":\\"$CUSTOMER\\",\\"amount\\":5000,\\"currency\\":\\"ZAR\\"}"

# The balance, and the transactions that made it
curl ${url}/api/canary/customers/$CUSTOMER/balance -H "Authorization: Bearer $MTEJA_KEY"
curl ${url}/api/canary/customers/$CUSTOMER/transactions -H "Authorization: Bearer $MTEJA_KEY"

# The same customer through Paystack’s API, by e-mail
curl ${url}/customer/ada@example.com -H "Authorization: Bearer $MTEJA_KEY"</pre>`
}
