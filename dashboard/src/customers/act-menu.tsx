import { Button, Menu } from '@mantine/core'
import { type ComponentType, useState } from 'react'
import { useSession } from '../base/context.ts'
import type { Scope } from '../base/session.ts'
import { EditCustomer } from './edit.tsx'
import { Erase } from './erase.tsx'
import { ExportFile } from './export.tsx'
import {
  Adjustment,
  type DialogProps,
  PlaceHold,
  Purchase,
  RecordPayIn,
  SandboxPayIn,
  Transfer,
} from './money-dialogs.tsx'
import { PayOut } from './pay-out.tsx'
import type { Profile } from './queries.ts'
import { RiskDialog } from './risk.tsx'
import { StatementDialog } from './statement.tsx'

interface Act {
  label: string
  scope: Scope
  dialog: ComponentType<DialogProps>
  /** Only in test mode. */
  isTest?: boolean
  isBad?: boolean
}

const groups: readonly (readonly [string, readonly Act[]])[] = [
  [
    'Money',
    [
      { label: 'Pay in (test money) …', scope: 'payments:write', dialog: SandboxPayIn, isTest: true },
      { label: 'Record a pay-in by hand …', scope: 'pay_ins:write', dialog: RecordPayIn },
      { label: 'Send to another customer …', scope: 'money:write', dialog: Transfer },
      { label: 'Pay out …', scope: 'payouts:write', dialog: PayOut },
      { label: 'Purchase …', scope: 'money:write', dialog: Purchase },
      { label: 'Place a hold …', scope: 'money:write', dialog: PlaceHold },
      { label: 'Adjust by hand …', scope: 'adjustments:write', dialog: Adjustment },
    ],
  ],
  [
    'Customer',
    [
      { label: 'Edit …', scope: 'customers:write', dialog: EditCustomer },
      { label: 'Allow, deny or default …', scope: 'customers:write', dialog: RiskDialog },
    ],
  ],
  [
    'Files',
    [
      { label: 'Statement …', scope: 'read', dialog: StatementDialog },
      { label: 'Everything stored, as a file …', scope: 'read', dialog: ExportFile },
    ],
  ],
  ['For good', [{ label: 'Erase …', scope: 'settings', dialog: Erase, isBad: true }]],
]

/** Everything that can be done for a customer. What the key may not do is not in it. */
export function ActMenu({ id, profile }: { id: string; profile: Profile }) {
  const { can, mode } = useSession()
  const [chosen, setChosen] = useState<Act>()
  const offered = groups
    .map(
      ([name, acts]) => [name, acts.filter(({ scope, isTest }) => can(scope) && (!isTest || mode === 'test'))] as const,
    )
    .filter(([, acts]) => acts.length > 0)
  const lacking = [
    ...new Set(groups.flatMap(([, acts]) => acts.filter(({ scope }) => !can(scope)).map(({ scope }) => scope))),
  ]
  return (
    <>
      <Menu position="bottom-end" width={280}>
        <Menu.Target>
          <Button>Act ▾</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {offered.map(([name, acts]) => (
            <div key={name}>
              <Menu.Label>{name}</Menu.Label>
              {acts.map((act) => (
                <Menu.Item
                  key={act.label}
                  style={act.isBad ? { color: 'var(--bad)' } : undefined}
                  onClick={() => setChosen(act)}
                >
                  {act.label}
                </Menu.Item>
              ))}
            </div>
          ))}
          {lacking.length > 0 && (
            <Menu.Label>For more you need the scope {lacking.join(' or ')}. Ask an owner.</Menu.Label>
          )}
        </Menu.Dropdown>
      </Menu>
      {chosen !== undefined && <chosen.dialog id={id} profile={profile} close={() => setChosen(undefined)} />}
    </>
  )
}
