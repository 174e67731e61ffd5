import type { CSSProperties } from 'react'

/** The columns of a row. On a telephone every row has two, see style.css. */
export function columns(template: string): CSSProperties {
  return { '--columns': template } as CSSProperties
}
