import { Button } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { Amount } from '../base/client.ts'
import { useAgeing } from '../base/clock.ts'
import { useSession } from '../base/context.ts'
import { exactly, formatChange, formatMoney } from '../base/money.ts'
import { tell } from '../base/problems.ts'
import { ago, exactTime, timeOfDay } from '../base/times.ts'

/** An amount. The exact minor units are shown when it is pointed at. */
export function Money({ amount, currency }: { amount: Amount; currency: string }) {
  const { format } = useSession()
  return (
    <span className="money" title={exactly(amount, currency)}>
      {formatMoney(amount, currency, format)}
    </span>
  )
}

/** An amount that came in or went out: the sign and the colour both say which. */
export function Change({ amount, currency }: { amount: Amount; currency: string }) {
  const { format } = useSession()
  return (
    <span className={`money ${amount > 0 ? 'good' : ''}`} title={exactly(amount, currency)}>
      {formatChange(amount, currency, format)}
    </span>
  )
}

/** A time in words: relative up to a week, then the date. Exact when it is pointed at. */
export function When({ at, as = 'ago' }: { at: string; as?: 'ago' | 'time' }) {
  const { format } = useSession()
  const words = useAgeing((now) => (as === 'time' ? timeOfDay(at, format) : ago(at, now, format)))
  return (
    <time dateTime={at} title={exactTime(at, format)}>
      {words}
    </time>
  )
}

/** A text that is copied by its button: an id, a secret. */
export function Copyable({ text, label = text }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await copyText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <button type="button" className="link-button code" onClick={copy} title="Copy">
      {isCopied ? 'Copied' : label}
      <span className="hidden"> (copy)</span>
    </button>
  )
}

/** The clipboard of a browser is only there on https and on this machine. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = Object.assign(document.createElement('textarea'), { value: text })
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}

/** A failure with the server's words, and the id of the request to copy. */
export function Problem({ error, again }: { error: unknown; again?: () => void }) {
  if (error === null || error === undefined) return null
  const { sentence, requestId, isUnsure } = tell(error)
  return (
    <div className="problem stack tight" role="alert">
      <p>{sentence}</p>
      {isUnsure && <p>It may have been done all the same. To press the button again is safe: it is done once.</p>}
      {requestId && (
        <p className="small">
          Request <Copyable text={requestId} />
        </p>
      )}
      {again && (
        <div>
          <Button size="compact-sm" variant="default" onClick={again}>
            Try again
          </Button>
        </div>
      )}
    </div>
  )
}

export function Badge({ tone = '', children }: { tone?: 'good' | 'bad' | 'warn' | ''; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>
}

/** A list without anything in it says what to do first. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="strong">{title}</p>
      {children}
    </div>
  )
}

/** Names and values. */
export function Facts({ of }: { of: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
    </dl>
  )
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}

/** A value of JSON as text, never as markup. */
export function Json({ value }: { value: unknown }) {
  return <pre>{typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</pre>
}

/** Saves a text or bytes as a file. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
