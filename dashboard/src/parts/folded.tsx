import type { ReactNode } from 'react'
import { useNarrow } from './narrow.ts'

/** The filters of a list. Where there is little room they are folded away, so that the list comes first. */
export function Folded({ isOpen, children }: { isOpen: boolean; children: ReactNode }) {
  if (!useNarrow()) return children
  return (
    <details open={isOpen}>
      <summary>Filters</summary>
      {children}
    </details>
  )
}
