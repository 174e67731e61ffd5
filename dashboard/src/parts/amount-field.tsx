import { TextInput } from '@mantine/core'

interface AmountFieldProps {
  currency: string
  value: string
  set: (text: string) => void
  problem: string | undefined
  label?: string
}

/** An amount as text: it never becomes a number with a fraction. */
export function AmountField({ currency, value, set, problem, label = 'Amount' }: AmountFieldProps) {
  return (
    <TextInput
      label={`${label} (${currency})`}
      inputMode="decimal"
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      error={problem}
      autoComplete="off"
      data-autofocus
    />
  )
}
