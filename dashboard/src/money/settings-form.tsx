import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useNotice } from '../base/context.ts'
import { Problem } from '../parts/basics.tsx'

/** A form about settings as they were when it began: whatever somebody else saves meanwhile is not overwritten. */
export function useSettingsForm(save: () => Promise<string>) {
  const queries = useQueryClient()
  const notice = useNotice()
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      notice({ text: await save() })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
      queries.invalidateQueries({ queryKey: ['money'] })
    }
  }
  return { error, isBusy, submit }
}

/** Somebody else has saved settings while this form was open. */
export function Changed({ isStale, see }: { isStale: boolean; see: () => void }) {
  if (!isStale) return null
  return (
    <p className="needed row">
      Somebody else has changed these settings meanwhile.
      <button type="button" className="link-button" onClick={see}>
        Show them as they are now
      </button>
    </p>
  )
}

interface SettingsFormProps<Settings> {
  title: string
  /** As they are on the server by now. */
  now: Settings
  /** Sends them back, with the time at which they were read. */
  save: (settings: Settings) => Promise<Settings>
  /** What is said once they are saved. Default that they count. */
  told?: (settings: Settings) => string
  children: (settings: Settings, change: (changes: Partial<Settings>) => void) => ReactNode
}

/** Settings that count as soon as they are saved. */
export function SettingsForm<Settings extends { updatedAt: string }>({
  title,
  now,
  save,
  told,
  children,
}: SettingsFormProps<Settings>) {
  const [settings, setSettings] = useState(now)
  const { error, isBusy, submit } = useSettingsForm(async () => {
    const saved = await save(settings)
    setSettings(saved)
    return told?.(saved) ?? 'Saved, for what begins from now on.'
  })
  return (
    <form className="stack" onSubmit={submit} noValidate aria-label={title}>
      <h2>{title}</h2>
      {children(settings, (changes) => setSettings((before) => ({ ...before, ...changes })))}
      <Changed isStale={now.updatedAt > settings.updatedAt} see={() => setSettings(now)} />
      <Problem error={error} />
      <div>
        <Button type="submit" variant="default" loading={isBusy}>
          Save
        </Button>
      </div>
    </form>
  )
}
