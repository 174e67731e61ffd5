import { type KeyboardEvent, useEffect, useRef } from 'react'

interface TabListProps {
  label: string
  /** Each begins with its name in the address and its words. */
  tabs: readonly (readonly [string, string, ...unknown[]])[]
  chosen: string
  choose: (name: string) => void
  /** What waits under a tab, by its name. */
  counts?: Readonly<Record<string, string>>
}

/** Tabs whose choice is in the address. The arrows move between them. */
export function TabList({ label, tabs, chosen, choose, counts = {} }: TabListProps) {
  const list = useRef<HTMLDivElement>(null)
  // On a telephone the tabs go beyond the edge.
  useEffect(() => {
    list.current?.querySelector(`#tab-${chosen}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [chosen])
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    const at = (tabs.findIndex(([name]) => name === chosen) + step + tabs.length) % tabs.length
    const [name] = tabs[at] ?? [chosen]
    choose(name)
    list.current?.querySelector<HTMLElement>(`#tab-${name}`)?.focus()
  }
  return (
    <div ref={list} className="tabs-list" role="tablist" aria-label={label} onKeyDown={press}>
      {tabs.map(([name, words]) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={name === chosen}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => choose(name)}
        >
          {words} {/* Its room is there before it: no tab moves when something comes to wait. */}
          {counts[name] !== undefined && (
            <span className="count" data-none={counts[name] === ''}>
              {counts[name] === '' ? (
                '\u00a0'
              ) : (
                <>
                  {counts[name]}
                  <span className="hidden"> wait for you</span>
                </>
              )}
            </span>
          )}
        </button>
      ))}
    </div>
  )
}
