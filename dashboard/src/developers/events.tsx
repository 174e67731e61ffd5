import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useLive } from '../base/live.ts'
import { Badge } from '../parts/basics.tsx'
import { EventList } from './event-list.tsx'

/** Events as they happen. */
export function Events() {
  const live = useLive()
  const [type, setType] = useState('')
  const [settled] = useDebouncedValue(type.trim(), 300)
  return (
    <div className="stack">
      <div className="row apart">
        <TextInput
          aria-label="Type of the event"
          placeholder="Every type, or such as purchase.succeeded"
          value={type}
          onChange={(event) => setType(event.currentTarget.value)}
          w={320}
        />
        <span role="status" style={{ minWidth: 290 }}>
          {live.state === 'live' ? (
            <Badge tone="good">live: new ones appear by themselves</Badge>
          ) : (
            <Badge tone="warn">connecting</Badge>
          )}
        </span>
      </div>
      <EventList queryKey={['developers', 'events', settled]} query={settled === '' ? {} : { type: settled }} />
    </div>
  )
}
