import type { AroundNavHandler } from 'wouter'
import { newKey } from './keys.ts'

/** What the browser keeps with an entry of its history. */
interface Kept {
  /** The address of the same screen from which this one was opened: a list without its panel. */
  from?: string
  /** The dialogs that are open here, by their names, the lowest first. */
  dialogs?: readonly string[]
}

const kept = (): Kept => (history.state ?? {}) as Kept

/** An address as this page writes it. */
function written({ pathname, searchParams }: URL): string {
  const search = searchParams.toString()
  return search === '' ? pathname : `${pathname}?${search}`
}

const here = (): string => written(new URL(location.href))

/** Which link of each screen was followed last. */
const followed = new Map<string, string>()
let isReturning = false
addEventListener('popstate', () => {
  isReturning = true
})

/** The link by which the screen at this address was left, if somebody has come back to it. */
export const linkOfReturn = (): string | undefined => (isReturning ? followed.get(here()) : undefined)
export const isReturn = (): boolean => isReturning

/**
 * The one way to another address. The entry of a dialog is replaced, so that Back never opens a dialog that is done. Closing what
 * was opened in the address goes back to where it was opened.
 */
export const goTo: AroundNavHandler = (navigate, to, options) => {
  isReturning = false
  const target = new URL(to, location.href)
  const { from, dialogs = [] } = kept()
  if (written(target) === from) return history.back()
  const isSameScreen = target.pathname === location.pathname
  if (options?.replace || dialogs.length > 0) {
    return navigate(to, { ...options, replace: true, state: isSameScreen ? kept() : null })
  }
  const link = document.activeElement?.closest('main a')?.getAttribute('href')
  if (link && !isSameScreen) followed.set(here(), link)
  navigate(to, { ...options, state: isSameScreen ? { from: here() } : null })
}

/** The dialogs that are open now. */
const open: string[] = []
const patienceMs = 50
let leaving: ReturnType<typeof setTimeout> | undefined

/**
 * Gives a dialog an entry of the history, so that Back closes the dialog and leaves the screen. Answers what gives the entry back.
 *
 * @param close called on Back. A dialog that stays open all the same has its entry again.
 */
export function openPlace(close: () => void): () => void {
  const name = newKey()
  const { dialogs = [] } = kept()
  const isFree = dialogs.length > 0 && dialogs.every((each) => !open.includes(each))
  open.push(name)
  const enter = () => history.pushState({ dialogs: [...open] }, '')
  // The dialog before has just closed: its entry is taken over.
  if (isFree) history.replaceState({ dialogs: [...open] }, '')
  else enter()
  const isHere = () => kept().dialogs?.includes(name) ?? false
  const look = () => {
    if (isHere()) return
    close()
    setTimeout(() => open.includes(name) && !isHere() && enter(), patienceMs)
  }
  addEventListener('popstate', look)
  return () => {
    removeEventListener('popstate', look)
    open.splice(open.indexOf(name), 1)
    clearTimeout(leaving)
    leaving = setTimeout(leave)
  }
}

/** Leaves the entries of dialogs that are closed. */
function leave(): void {
  const { dialogs = [] } = kept()
  const closed = dialogs.length - 1 - dialogs.findLastIndex((name) => open.includes(name))
  if (closed > 0) history.go(-closed)
}
