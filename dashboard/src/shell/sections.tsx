import type { ComponentType } from 'react'
import { Home } from '../home/home.tsx'
import { later } from './later.tsx'

/** A part of the page, in the rail and in the address. */
export interface Section {
  name: string
  /** Below /app. */
  path: string
  /** `g`, then this letter, leads here. */
  letter: string
  /** The path of a drawing of 20 by 20. */
  icon: string
  screen: ComponentType
}

/** Every section that works. One that does not work yet is not here. */
export const sections: readonly Section[] = [
  {
    name: 'Home',
    path: '/home',
    letter: 'h',
    icon: 'M3 9.5 10 3.5l7 6V17H3zM8 17v-5h4v5',
    screen: Home,
  },
  {
    name: 'Customers',
    path: '/customers',
    letter: 'c',
    icon: 'M10 9.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5ZM3.5 17c.6-3.2 3.3-5 6.5-5s5.9 1.8 6.5 5',
    screen: later('customers'),
  },
  {
    name: 'Money',
    path: '/money',
    letter: 'm',
    icon: 'M2.5 5.5h15v9h-15zM10 12.25a2.25 2.25 0 1 0 0-4.5 2.25 2.25 0 0 0 0 4.5ZM5 10h.01M15 10h.01',
    screen: later('money'),
  },
  {
    name: 'Developers',
    path: '/developers',
    letter: 'd',
    icon: 'M7 5.5 2.5 10 7 14.5M13 5.5 17.5 10 13 14.5M11.25 4 8.75 16',
    screen: later('developers'),
  },
  {
    name: 'Audit',
    path: '/audit',
    letter: 'a',
    icon: 'M5 2.5h10v15H5zM7.5 6.5h5M7.5 10h5M7.5 13.5h3',
    screen: later('audit'),
  },
]
