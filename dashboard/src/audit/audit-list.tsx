import { useState } from 'react'
import { Link } from 'wouter'
import type { Mteja } from '../base/client.ts'
import { useSession } from '../base/context.ts'
import { exactTime } from '../base/times.ts'
import { byWord, plain, surfaceWord } from '../base/words.ts'
import { useNames } from '../customers/queries.ts'
import { Badge, Copyable, Empty, Facts, Money, Problem, When } from '../parts/basics.tsx'
import { columns } from '../parts/columns.ts'
import { Panel } from '../parts/dialog.tsx'
import { More } from '../parts/more.tsx'
import type { useSteps } from '../parts/steps.ts'
import { actionWord, Changed, moneyOf, refusalOf, withoutBegun } from './change-words.tsx'

interface AuditListProps {
  list: ReturnType<typeof useSteps<Mteja.AuditEntry>>
  empty: string
}

/** Writes, newest first. Each opens to what it changed. */
export function AuditList({ list, empty }: AuditListProps) {
  const [opened, setOpened] = useState<Mteja.AuditEntry>()
  const name = useNames(list.items?.map(({ object }) => (isCustomer(object) ? object : null)) ?? [])
  if (list.error !== null) return <Problem error={list.error} again={list.refetch} />
  // A row that gets its names later is taller then.
  if (list.items === undefined || !name.areKnown) return null
  return (
    <div className="stack">
      {list.items.length === 0 && (
        <Empty title={list.hasNextPage ? 'Nothing in what was looked through so far' : empty} />
      )}
      {list.items.length > 0 && (
        <div className="table">
          {withoutBegun(list.items).map((entry) => (
            <button
              key={entry.id}
              type="button"
              className="tr"
              style={columns('minmax(0, 1.1fr) minmax(0, 1.1fr) minmax(0, 1.4fr) 110px')}
              onClick={() => setOpened(entry)}
            >
              <span>
                {actionWord(entry)} {refusalOf(entry) !== undefined && <Badge tone="bad">refused ✕</Badge>}
              </span>
              <span className="quiet">{[byWord(entry.by), entry.address].filter(Boolean).join(' · ')}</span>
              <Subject entry={entry} name={name} />
              <span className="end quiet">
                <When at={entry.at} />
              </span>
            </button>
          ))}
        </div>
      )}
      <More list={list} />
      {opened !== undefined && <Entry entry={opened} name={name} close={() => setOpened(undefined)} />}
    </div>
  )
}

type NameOf = ReturnType<typeof useNames>

const isCustomer = (object: string | null): object is string => object?.startsWith('CUS_') ?? false

function Entry({ entry, name, close }: { entry: Mteja.AuditEntry; name: NameOf; close: () => void }) {
  const { format } = useSession()
  const { by } = entry
  const refused = refusalOf(entry)
  return (
    <Panel close={close} isInAddress={false} title={actionWord(entry)}>
      <div className="stack wide">
        <Facts
          of={[
            ['When', exactTime(entry.at, format)],
            ...(refused === undefined ? [] : [['Refused', plain(refused)] as const]),
            ['Who', byWord(by)],
            ['Key', by.apiKeyId === null ? '–' : <Copyable key="key" text={by.apiKeyId} />],
            ['Through', surfaceWord(by.surface)],
            ['From', entry.address ?? '–'],
            ['About', <About key="about" object={entry.object} name={name} />],
            [
              'Request',
              entry.requestId === null ? (
                '–'
              ) : (
                <Link key="request" href={`/developers?tab=requests&request=${encodeURIComponent(entry.requestId)}`}>
                  {entry.requestId}
                </Link>
              ),
            ],
          ]}
        />
        <Changed entry={entry} />
      </div>
    </Panel>
  )
}

/** What a write was about: whose, how much, or which. */
function Subject({ entry, name }: { entry: Mteja.AuditEntry; name: NameOf }) {
  const money = moneyOf(entry)
  if (money !== undefined) {
    return (
      <span>
        <Money {...money} />
      </span>
    )
  }
  if (isCustomer(entry.object)) return <span>{name(entry.object)}</span>
  return <span className="code">{entry.object ?? ''}</span>
}

function About({ object, name }: { object: string | null; name: NameOf }) {
  if (object === null) return '–'
  if (isCustomer(object)) return <Link href={`/customers/${object}`}>{name(object)}</Link>
  return <Copyable text={object} />
}
