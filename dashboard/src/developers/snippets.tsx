import { useState } from 'react'
import { useSession } from '../base/context.ts'
import { Copyable } from '../parts/basics.tsx'
import { TabList } from '../parts/tabs.tsx'

const tabs = [
  ['curl', 'curl'],
  ['mteja', '@mteja/client'],
  ['cashful', 'Cashful’s client'],
  ['paystack', 'Paystack’s client'],
] as const

type Tab = (typeof tabs)[number][0]

/** First calls, with this server's address. The key stays out: it comes from the environment. */
export function Snippets() {
  const { key } = useSession()
  const [chosen, setChosen] = useState<Tab>('curl')
  const text = snippets[chosen](location.origin)
  return (
    <div className="stack">
      <p className="quiet">
        Put a key into MTEJA_KEY, such as yours, which ends in …{key.hint}. Every call is in the{' '}
        <a href="/docs">API reference</a>.
      </p>
      <TabList label="Client" tabs={tabs} chosen={chosen} choose={(name) => setChosen(name as Tab)} />
      <div role="tabpanel" aria-labelledby={`tab-${chosen}`} className="stack tight">
        <pre>{text}</pre>
        <p>
          <Copyable text={text} label="Copy" />
        </p>
      </div>
    </div>
  )
}

const snippets: Record<Tab, (origin: string) => string> = {
  curl: (origin) => `curl ${origin}/api/canary/customers \\
  -H "Authorization: Bearer $MTEJA_KEY" -H 'Content-Type: application/json' \\
  -d '{"phoneNumber":"+27821234567","email":"ada@example.com","name":"Ada Obi","metadata":{}}'

curl ${origin}/customer/ada@example.com -H "Authorization: Bearer $MTEJA_KEY"`,
  mteja: (origin) => `import { CashfulClient, MtejaClient } from '@mteja/client'

const options = { baseUrl: '${origin}', token: process.env.MTEJA_KEY }
const customers = new CashfulClient(options).customers
const { id } = await customers.create({ phoneNumber: '+27821234567', name: 'Ada Obi' })

const mteja = new MtejaClient(options)
const hold = await mteja.holds.place({ customerId: id, amount: 1000, currency: 'ZAR' })`,
  cashful: (origin) => `import { Configuration, CustomersApi } from '@cashful/typescript'

const customers = new CustomersApi(
  new Configuration({ basePath: '${origin}', accessToken: process.env.MTEJA_KEY }),
)
const page = await customers.listCustomers(undefined, 10, 0, undefined, '082 123')`,
  paystack: (origin) => `// app.mjs
import { Paystack } from '@paystack/paystack-sdk'
const paystack = new Paystack(process.env.MTEJA_KEY)
const { data } = await paystack.customer.fetch({ code: 'ada@example.com' })

// Its address is hard-coded, so the program is started with a preload of this server's package:
// PAYSTACK_API_URL=${origin} node --import mteja/preload app.mjs`,
}
