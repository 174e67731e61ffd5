import { type ComponentType, lazy, useState } from 'react'
import { knownScreen, readScreen, type ScreenName } from './screens.ts'

/**
 * A screen whose script is read when it is drawn first. React shows what was waited for no sooner than 300 ms after it began to
 * wait. So a screen that has been read already is drawn at once.
 */
export function later<Props extends object>(name: ScreenName): ComponentType<Props> {
  const Lazy = lazy(async () => ({ default: await readScreen(name) })) as ComponentType<Props>
  return function Later(props: Props) {
    const [Screen] = useState(() => (knownScreen(name) as ComponentType<Props> | undefined) ?? Lazy)
    return <Screen {...props} />
  }
}
