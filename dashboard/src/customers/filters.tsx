import { NativeSelect, TextInput } from '@mantine/core'
import { Folded } from '../parts/folded.tsx'
import { type Chosen, choices, days, isChosen, names } from './conditions.ts'

interface FiltersProps {
  chosen: Chosen
  change: (changes: Record<string, string | null>) => void
}

/** The conditions of the list. They are in the address, so that it can be sent to a colleague. */
export function Filters({ chosen, change }: FiltersProps) {
  return (
    <Folded isOpen={isChosen(chosen)}>
      <Fields chosen={chosen} change={change} />
    </Folded>
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
      <div className="days">
        {days.map((name) => (
          <TextInput
            key={name}
            size="xs"
            type="date"
            label={name === 'from' ? 'Customer from' : 'Customer to'}
            value={chosen[name]}
            onChange={(event) => change({ [name]: event.currentTarget.value || null })}
          />
        ))}
      </div>
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
