import { NativeSelect } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Cashful, Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { formatMoney } from '../base/money.ts'
import { needSentence } from '../base/problems.ts'
import { plain } from '../base/words.ts'
import { nameOf } from '../customers/names.ts'
import { useRefresh } from '../customers/queries.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Empty, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { CustomerField } from '../parts/customer-field.tsx'
import { More } from '../parts/more.tsx'
import { useSteps } from '../parts/steps.ts'

/** Money that came and could not be booked to its owner. A person decides. */
export function Suspense() {
  const { mteja, can } = useSession()
  const [isAll, setAll] = useState(false)
  const [chosen, setChosen] = useState<{ act: 'assign' | 'giveBack'; money: Mteja.Suspended }>()
  const list = useSteps(['money', 'suspense', isAll], (before) =>
    mteja.suspense.list({ open: !isAll, limit: 50, ...(before && { before }) }),
  )
  const close = () => setChosen(undefined)
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  return (
    <div className="stack">
      <div className="row apart">
        <NativeSelect
          aria-label="Which"
          value={isAll ? 'all' : 'open'}
          onChange={(event) => setAll(event.currentTarget.value === 'all')}
          data={[
            { value: 'open', label: 'Waits for a decision' },
            { value: 'all', label: 'All' },
          ]}
        />
        {!can('pay_ins:write') && <span className="quiet">{needSentence('pay_ins:write')}</span>}
      </div>
      {list.items?.length === 0 && (
        <Empty title="No money waits for its owner">
          <p>Money is put here when a payment disagrees with what was asked for.</p>
        </Empty>
      )}
      <div className="table">
        {list.items?.map((money) => (
          <div key={money.id} className="tr" style={columns('110px minmax(0, 1fr) 140px 110px 160px')}>
            <span>
              <Badge tone={money.status === 'open' ? 'warn' : ''}>{plain(money.status)}</Badge>
            </span>
            <span>
              {money.description ?? money.id}{' '}
              {money.customerId !== null && <Link href={`/customers/${money.customerId}`}>{money.customerId}</Link>}
            </span>
            <span className="end">
              <Money amount={money.amount} currency={money.currency} />
            </span>
            <span className="quiet">
              <When at={money.createdAt} />
            </span>
            {money.status === 'open' && can('pay_ins:write') ? (
              <span className="row">
                <button type="button" className="link-button" onClick={() => setChosen({ act: 'assign', money })}>
                  Assign
                </button>
                <button type="button" className="link-button" onClick={() => setChosen({ act: 'giveBack', money })}>
                  Give back
                </button>
              </span>
            ) : (
              <span />
            )}
          </div>
        ))}
      </div>
      <More list={list} />
      {chosen?.act === 'assign' && <Assign money={chosen.money} close={close} />}
      {chosen?.act === 'giveBack' && <GiveBack money={chosen.money} close={close} />}
    </div>
  )
}

function Assign({ money, close }: { money: Mteja.Suspended; close: () => void }) {
  const { mteja, format } = useSession()
  const [customer, setCustomer] = useState<Cashful.Customer>()
  const [problem, setProblem] = useState<string>()
  const refresh = useRefresh(customer?.id ?? '')
  const notice = useNotice()
  const amount = formatMoney(money.amount, money.currency, format)
  const ask = () => {
    setProblem(customer === undefined ? 'Choose whose money it is.' : undefined)
    if (customer === undefined) return undefined
    return {
      sentence: (
        <>
          {amount} in suspense is credited to <strong>{nameOf(customer)}</strong>.
        </>
      ),
      button: `Assign ${amount}`,
      run: (idempotencyKey: string) => mteja.suspense.assign(money.id, { customerId: customer.id }, { idempotencyKey }),
    }
  }
  const done = () => {
    refresh()
    notice({ text: 'The money was assigned.' })
  }
  return (
    <Action title="Assign money in suspense" close={close} ask={ask} done={done}>
      <CustomerField label="Whose money it is" chosen={customer} choose={setCustomer} except="" problem={problem} />
    </Action>
  )
}

function GiveBack({ money, close }: { money: Mteja.Suspended; close: () => void }) {
  const { mteja, format } = useSession()
  const refresh = useRefresh('')
  const notice = useNotice()
  const amount = formatMoney(money.amount, money.currency, format)
  const ask = () => ({
    sentence: `You say that ${amount} has gone back to where it came from. It is taken out of suspense; this page sends no money.`,
    button: `Book ${amount} as given back`,
    run: (idempotencyKey: string) => mteja.suspense.giveBack(money.id, { idempotencyKey }),
  })
  const done = () => {
    refresh()
    notice({ text: 'The money was booked as given back.' })
  }
  return (
    <Action title="Give money in suspense back" close={close} ask={ask} done={done} isDangerous>
      <p>{money.description ?? money.id}</p>
    </Action>
  )
}
