import type { Mteja } from '../base/client.ts'

export const choices = {
  identified: {
    label: 'Identity',
    of: { '': 'Any', yes: 'Identified', no: 'Not identified' },
  },
  risk: {
    label: 'Risk',
    of: { '': 'Any', deny: 'Denied', allow: 'Allowed', default: 'Default risk' },
  },
  money: {
    label: 'Money',
    of: { '': 'Any', yes: 'Has money', no: 'Has none' },
  },
} as const

type Choice = keyof typeof choices
export const names = Object.keys(choices) as Choice[]
export const days = ['from', 'to'] as const

/** Which customers are shown, as the address has it; an empty text is no condition. */
export type Chosen = Record<Choice | (typeof days)[number], string>

/** What is in no list of choices is no condition. */
export function readChosen(params: URLSearchParams): Chosen {
  const choice = (name: Choice) => {
    const value = params.get(name) ?? ''
    return value in choices[name].of ? value : ''
  }
  const day = (name: string) => (/^\d{4}-\d\d-\d\d$/.test(params.get(name) ?? '') ? (params.get(name) ?? '') : '')
  return {
    identified: choice('identified'),
    risk: choice('risk'),
    money: choice('money'),
    from: day('from'),
    to: day('to'),
  }
}

export function isChosen(chosen: Chosen): boolean {
  return Object.values(chosen).some((value) => value !== '')
}

export function queryOf({ identified, risk, money, from, to }: Chosen): Mteja.ListCustomersQuery {
  return {
    ...(identified && { identified: identified === 'yes' }),
    ...(risk && { riskAction: risk as 'deny' | 'allow' | 'default' }),
    ...(money && { hasMoney: money === 'yes' }),
    ...(from && { from }),
    ...(to && { to }),
  }
}
