import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'
import { hasDialog, heading, keepFocus } from '../base/focus.ts'
import { isReturn, linkOfReturn } from '../base/places.ts'

const lookMs = 50
/** A screen whose answers take longer has its heading by then. */
const patienceMs = 3_000
/** The row of a list that is read again. */
const rowPatienceMs = 1_500

/** The heading of a new screen has the focus. On a screen that one returns to, the link by which it was left has it. */
export function useArrival(): void {
  const [path] = useLocation()
  const before = useRef(path)
  useEffect(keepFocus, [])
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    return arrive()
  }, [path])
}

function arrive(): () => void {
  const isBack = isReturn()
  const link = linkOfReturn()
  const begin: Element | null = document.activeElement
  const at = Date.now()
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    const active = document.activeElement
    // Somebody is elsewhere already.
    if (hasDialog() || ![begin, document.body, heading()].includes(active)) return
    const row = link === undefined ? null : document.querySelector<HTMLElement>(`main a[href="${CSS.escape(link)}"]`)
    const isLate = link === undefined || Date.now() - at > rowPatienceMs
    const target = row ?? (isLate ? heading() : null)
    // A browser that goes back scrolls by itself. While a script is read, the screen before is there, hidden, and takes no focus.
    target?.focus({ preventScroll: isBack })
    if (target !== null && document.activeElement === target) return
    if (Date.now() - at < patienceMs) timer = setTimeout(look, lookMs)
  }
  look()
  return () => clearTimeout(timer)
}
