import { NativeSelect, TextInput } from '@mantine/core'
import { useNarrow } from '../parts/narrow.ts'
import { type Chosen, choices, days, isChosen, names } from './conditions.ts'

interface FiltersProps {
  chosen: Chosen
  change: (changes: Record<string, string | null>) => void
}

/** The conditions of the list. They are in the address, so that it can be sent to a colleague. */
export function Filters({ chosen, change }: FiltersProps) {
  const fields = <Fields chosen={chosen} change={change} />
  if (!useNarrow()) return fields
  // The customers come first where there is little room.
  return (
    <details open={isChosen(chosen)}>
      <summary>Filters</summary>
      {fields}
    </details>
  )
}

function Fields({ chosen, change }: FiltersProps) {
  return (
    <fieldset className="row filters">
      <legend className="hidden">Show only</legend>
      {names.map((name) => (
        <NativeSelect
          key={name}
          size="xs"
          label={choices[name].label}
          value={chosen[name]}
          data={Object.entries(choices[name].of).map(([value, label]) => ({ value, label }))}
          onChange={(event) => change({ [name]: event.currentTarget.value || null })}
        />
      ))}
      {days.map((name) => (
        <TextInput
          key={name}
          size="xs"
          type="date"
          label={name === 'from' ? 'Customer from' : 'to'}
          value={chosen[name]}
          onChange={(event) => change({ [name]: event.currentTarget.value || null })}
        />
      ))}
      {isChosen(chosen) && (
        <button
          type="button"
          className="link-button"
          onClick={() => change(Object.fromEntries([...names, ...days].map((name) => [name, null])))}
        >
          Show all
        </button>
      )}
    </fieldset>
  )
}
