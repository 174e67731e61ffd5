import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'
import { sections } from './sections.tsx'

export const findId = 'find'

/** For the help. */
export const shortcuts: readonly (readonly [string, string])[] = [
  ['/', 'Search'],
  ...sections.map(({ name, letter }) => [`g then ${letter}`, name] as const),
  ['↑ ↓', 'Move in a list'],
  ['Enter', 'Open'],
  ['Escape', 'Close a panel or a dialog'],
  ['?', 'This help'],
]

/** The two keys of "g then c" come within this time. */
const patienceMs = 1500

export function useShortcuts(help: () => void): void {
  const [, navigate] = useLocation()
  const wentAt = useRef(0)
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const section = sections.find(({ letter }) => letter === event.key)
      const isSecond = Date.now() - wentAt.current < patienceMs
      wentAt.current = event.key === 'g' ? Date.now() : 0
      if (event.key === '/') {
        event.preventDefault()
        document.getElementById(findId)?.focus()
      } else if (event.key === '?') help()
      else if (isSecond && section !== undefined) navigate(section.path)
      else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') moveInList(event)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [help, navigate])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [role=menu], [role=dialog]') !== null
}

/** The arrows move between the rows of a list. */
function moveInList(event: KeyboardEvent): void {
  const rows = [...document.querySelectorAll<HTMLElement>('a.tr, button.tr')]
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const next = rows[at === -1 ? 0 : at + (event.key === 'ArrowDown' ? 1 : -1)]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}
