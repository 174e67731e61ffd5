const isNobody = (): boolean => document.activeElement === null || document.activeElement === document.body
const isDisabled = (element: HTMLElement): boolean => element.matches(':disabled')

/** What takes the focus in a dialog or a screen when nothing else has it. */
function firstIn(place: Element): HTMLElement | null {
  const fields = 'input:not(:disabled), select:not(:disabled), textarea:not(:disabled)'
  for (const selector of ['[data-autofocus]:not(:disabled)', fields, 'button:not(:disabled)']) {
    const found = place.querySelector<HTMLElement>(selector)
    if (found !== null) return found
  }
  return null
}

/** The heading of the screen. */
export function heading(): HTMLElement | null {
  const found = document.querySelector<HTMLElement>('main h1')
  if (found !== null) found.tabIndex = -1
  return found
}

const dialogs = (): Element[] => [...document.querySelectorAll('[role=dialog]')]

/** Whether a dialog or a panel is over the screen. */
export const hasDialog = (): boolean => dialogs().length > 0

/** What stands for an element that works, for as long as it does: its dialog, else the heading of the screen. */
function placeAround(element: HTMLElement): HTMLElement | null {
  const dialog = element.closest<HTMLElement>('[role=dialog]')
  if (dialog !== null) dialog.tabIndex = -1
  return dialog ?? heading()
}

/** Gives the focus to a part of the page, if it has been lost: to the open dialog, else to the screen. */
function rescue(): void {
  if (!isNobody()) return
  const dialog = dialogs().at(-1)
  const next =
    dialog === undefined ? (document.querySelector<HTMLElement>('main [data-autofocus]') ?? heading()) : firstIn(dialog)
  next?.focus({ preventScroll: true })
}

/** What was pressed to open a dialog. An item of a menu is gone by the time the dialog closes: its menu's button stands for it. */
export function openerNow(): HTMLElement | null {
  const active = document.activeElement
  const button = active?.closest('[role=menu]')?.getAttribute('aria-labelledby')
  return (button ? document.getElementById(button) : active) as HTMLElement | null
}

/** Gives the focus back to what opened a dialog that has closed. */
export function giveBack(opener: HTMLElement | null): void {
  setTimeout(() => {
    if (!isNobody()) return
    if (opener?.isConnected && opener !== document.body) opener.focus({ preventScroll: true })
    rescue()
  })
}

/**
 * Keeps the focus where the person is: what had it may be replaced by something else, or be disabled while it works. Answers what
 * ends it.
 */
export function keepFocus(): () => void {
  let last: HTMLElement | null = null
  let wasDisabled = false
  /** What has the focus as long as the last element is disabled. */
  let standIn: HTMLElement | null = null
  const take = ({ target }: FocusEvent) => {
    if (target === standIn && wasDisabled) return
    last = target as HTMLElement
    wasDisabled = false
  }
  const waits = () => isNobody() || document.activeElement === standIn
  // Let go on purpose, by a press on nothing.
  const forget = () => {
    if (isNobody() && last?.isConnected && !isDisabled(last) && !wasDisabled) last = null
  }
  const letGo = () => setTimeout(forget)
  const look = () => {
    if (last === null) return
    // A browser takes the focus from a disabled element only when it draws the next picture.
    if (last.isConnected && isDisabled(last) && (isNobody() || document.activeElement === last)) {
      wasDisabled = true
      standIn = placeAround(last)
      standIn?.focus({ preventScroll: true })
      return
    }
    if (last.isConnected) {
      if (wasDisabled && !isDisabled(last) && waits()) last.focus({ preventScroll: true })
      return
    }
    if (!waits()) return
    const around = last.closest('[role=dialog], [role=menu]')
    last = null
    // A dialog and a menu that close give the focus back themselves.
    if (around === null || around.isConnected) rescue()
  }
  const observer = new MutationObserver(look)
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled'] })
  document.addEventListener('focusin', take)
  document.addEventListener('focusout', letGo)
  return () => {
    observer.disconnect()
    document.removeEventListener('focusin', take)
    document.removeEventListener('focusout', letGo)
  }
}
