import { NativeSelect } from '@mantine/core'
import { Link, useSearchParams } from 'wouter'
import type { Cashful } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { plain } from '../base/words.ts'
import { useNames } from '../customers/queries.ts'
import { Badge, Copyable, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { More } from '../parts/more.tsx'
import { useCashfulPages } from './cashful-pages.ts'

type Status = Cashful.PaymentIntent['status']

const words: Partial<Record<Status, { words: string; tone: 'good' | 'bad' | 'warn' | '' }>> = {
  initiation: { words: 'Not paid yet', tone: '' },
  requires_payment_method: { words: 'Not paid yet', tone: '' },
  requires_confirmation: { words: 'Not paid yet', tone: '' },
  requires_action: { words: 'Waits for the payer', tone: 'warn' },
  processing: { words: 'Under way', tone: 'warn' },
  succeeded: { words: 'Paid ✓', tone: 'good' },
  failed: { words: 'Declined ✕', tone: 'bad' },
  canceled: { words: 'Canceled', tone: '' },
}

const statuses: readonly Status[] = [
  'succeeded',
  'processing',
  'requires_action',
  'requires_payment_method',
  'failed',
  'canceled',
]

/** What payers were asked for, and what became of it. */
export function Payments() {
  const { cashful } = useSession()
  const [params, setParams] = useSearchParams()
  const status = statuses.find((each) => each === params.get('status'))
  const list = useCashfulPages(['money', 'payments', status], (offset) =>
    cashful.paymentIntents.list({ limit: 50, offset, ...(status && { status }) }),
  )
  const name = useNames(list.items?.map(({ customerId }) => customerId) ?? [])
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      <div className="row apart">
        <NativeSelect
          aria-label="State"
          value={status ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget
            setParams(value === '' ? { tab: 'payments' } : { tab: 'payments', status: value }, { replace: true })
          }}
          data={[
            { value: '', label: 'Every state' },
            ...statuses.map((value) => ({ value, label: words[value]?.words.replace(/ [✓✕]/, '') ?? plain(value) })),
          ]}
        />
        <span className="quiet">{list.total === undefined ? '' : `${list.total.toLocaleString()} found`}</span>
      </div>
      {list.items?.length === 0 && (
        <Empty title="Nobody was asked for a payment yet">
          <p>A program begins payments: a payment intent, a checkout page, or a transaction of Paystack’s API.</p>
        </Empty>
      )}
      <div className="table">
        {name.areKnown &&
          list.items?.map((payment) => (
            <div key={payment.id} className="tr" style={columns('150px minmax(0, 2fr) minmax(0, 1fr) 130px 110px')}>
              <span>
                <Badge tone={words[payment.status]?.tone ?? ''}>
                  {words[payment.status]?.words ?? plain(payment.status)}
                </Badge>
              </span>
              <span>
                <Copyable text={payment.id} /> <span className="quiet">{payment.description}</span>
              </span>
              <span>
                {payment.customerId === null ? (
                  'the merchant'
                ) : (
                  <Link href={`/customers/${payment.customerId}`}>{name(payment.customerId)}</Link>
                )}
              </span>
              <span className="end">
                <Money amount={payment.amount} currency={payment.currency} />
              </span>
              <span className="end quiet">
                <When at={payment.createdAt} />
              </span>
            </div>
          ))}
      </div>
      <More list={list} />
    </div>
  )
}
