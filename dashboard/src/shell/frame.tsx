import { Button, Menu, useMantineColorScheme } from '@mantine/core'
import { Suspense, useEffect, useState } from 'react'
import { Link, Redirect, Route, Switch, useLocation } from 'wouter'
import { NoticeContext, useSession } from '../base/context.ts'
import { LiveContext, useFollowing, useLive } from '../base/live.ts'
import { tell } from '../base/problems.ts'
import { useStale } from '../base/stale.ts'
import { useWaitingForMe } from '../money/waiting.ts'
import { Copyable, Empty, Facts, When } from '../parts/basics.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { useArrival } from './arrival.ts'
import { Find } from './find.tsx'
import { later } from './later.tsx'
import { Notices, useNotices } from './notices.tsx'
import { readScreensLater } from './screens.ts'
import { sections } from './sections.tsx'
import { shortcuts, useShortcuts } from './shortcuts.ts'

const Customer = later<{ id: string }>('customer')

/** What stands around every screen: the test strip, the merchant, the search, the rail. */
export function Frame({ leave }: { leave: () => void }) {
  const { mode, merchant } = useSession()
  const live = useFollowing()
  const { notices, show, close } = useNotices()
  const [isHelping, setHelping] = useState(false)
  useShortcuts(() => setHelping(true))
  useArrival()
  useEffect(readScreensLater, [])
  const isTest = mode === 'test'
  const first = sections[0]?.path ?? '/customers'
  return (
    <LiveContext value={live}>
      <NoticeContext value={show}>
        <div className={`shell ${isTest ? 'has-strip' : ''}`}>
          {isTest && (
            <section className="strip" aria-label="Mode">
              Test mode: no real money moves<span className="on-telephone"> · {merchant.name}</span>
            </section>
          )}
          <header className="head">
            <div className="brand clip" title={merchant.name}>
              <Link href={first}>Mteja · {merchant.name}</Link>
            </div>
            <Find />
            <Who leave={leave} help={() => setHelping(true)} />
          </header>
          <Rail />
          <main tabIndex={-1}>
            <Suspense>
              <Switch>
                {sections.map(({ path, screen }) => (
                  <Route key={path} path={path} component={screen} />
                ))}
                <Route path="/customers/:id">{({ id }) => <Customer key={id} id={id} />}</Route>
                <Route path="/">
                  <Redirect to={first} replace />
                </Route>
                <Route>
                  <Empty title="There is nothing at this address">
                    <p>
                      <Link href={first}>Go to the customers</Link>
                    </p>
                  </Empty>
                </Route>
              </Switch>
            </Suspense>
          </main>
          <Away />
        </div>
        <Notices notices={notices} close={close} />
        {isHelping && (
          <Dialog close={() => setHelping(false)} title="Keyboard">
            <Facts of={shortcuts.map(([keys, what]) => [keys, what] as const)} />
          </Dialog>
        )}
      </NoticeContext>
    </LiveContext>
  )
}

/** What is shown may be old: the server is away, or has not answered to a part of it. */
function Away() {
  const live = useLive()
  const stale = useStale()
  const sentence =
    live.state === 'lost'
      ? live.sentence
      : stale === null
        ? undefined
        : `What you see may be old. ${tell(stale).sentence}`
  if (sentence === undefined) return null
  return (
    <p className="away" role="status">
      {sentence}
    </p>
  )
}

function Rail() {
  const [location] = useLocation()
  const waiting = useWaitingForMe()
  return (
    <div className="rail">
      <nav aria-label="Sections">
        {sections.map(({ name, path, icon }) => (
          <Link
            key={path}
            href={path === '/money' && waiting !== '' ? '/money?tab=approvals' : path}
            aria-current={location === path || location.startsWith(`${path}/`) ? 'page' : undefined}
          >
            <svg
              width="20"
              height="20"
              viewBox="0 0 20 20"
              fill="none"
              stroke="currentColor"
              strokeWidth="1.5"
              aria-hidden="true"
            >
              <path d={icon} strokeLinecap="round" strokeLinejoin="round" />
            </svg>
            <span className="clip">{name}</span>
            {path === '/money' && waiting !== '' && (
              <span className="count">
                {waiting}
                <span className="hidden"> wait for you</span>
              </span>
            )}
          </Link>
        ))}
      </nav>
    </div>
  )
}

const schemes = [
  ['auto', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const

/** Lindiwe van der Merwe is LM. */
function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/)
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '')
  return letters.join('').toUpperCase()
}

function Who({ leave, help }: { leave: () => void; help: () => void }) {
  const { key, personName, merchant, mode } = useSession()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const [isOpen, setOpen] = useState(false)
  const name = key.name ?? `Key …${key.hint}`
  const short = initialsOf(personName ?? key.name ?? merchant.name)
  return (
    <div className="who">
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <Button variant="default" size="compact-md" aria-label={`${personName ?? name}: menu`}>
            <span className="in-full clip">{personName ?? name}</span>
            <span className="in-short">{short}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{merchant.name}</Menu.Label>
          <Menu.Label>{[personName, name, key.role ?? 'own scopes', mode].filter(Boolean).join(' · ')}</Menu.Label>
          <Menu.Item onClick={() => setOpen(true)}>Merchant and key</Menu.Item>
          <Menu.Item component="a" href="/docs" target="_blank" rel="noreferrer">
            API reference
          </Menu.Item>
          <Menu.Item onClick={help}>Keyboard</Menu.Item>
          <Menu.Divider />
          <Menu.Label>Colours</Menu.Label>
          {schemes.map(([scheme, label]) => (
            <Menu.Item
              key={scheme}
              onClick={() => setColorScheme(scheme)}
              rightSection={colorScheme === scheme ? '✓' : null}
            >
              {label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={leave}>Sign out</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isOpen && (
        <Dialog close={() => setOpen(false)} title={merchant.name}>
          <Facts
            of={[
              ['Mode', mode === 'test' ? 'Test: no real money moves' : 'Live'],
              ['Merchant', <Copyable key="id" text={merchant.id} />],
              ['Integration', String(merchant.integration)],
              ['Country', merchant.country],
              ['Currencies', merchant.currencies.join(', ')],
              ['Time zone', merchant.timeZone ?? 'UTC'],
              ...(personName === null ? [] : [['Person', personName] as const]),
              ['Key', key.name === null ? `…${key.hint}` : `${key.name}, …${key.hint}`],
              ['Role', key.role ?? 'own scopes'],
              ['Scopes', (key.scopes ?? []).join(', ')],
              ['Ends', key.expiresAt ? <When key="end" at={key.expiresAt} /> : 'never'],
            ]}
          />
        </Dialog>
      )}
    </div>
  )
}
