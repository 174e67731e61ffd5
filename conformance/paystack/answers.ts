import { expect } from 'vitest'
import { listDefects } from '../src/shape.ts'
import { type AnswerName, answers } from './shapes.ts'

/** The members of a customer that the tests read; `shapes.ts` holds all of them to their types. */
export interface CustomerData {
  id: number
  customer_code: string
  email: string
  identified: boolean
  authorizations: { authorization_code: string }[]
}

/** Fails with every way in which a success differs from the documented answer. */
export function expectAnswer(name: AnswerName, body: unknown): void {
  expect(listDefects(answers[name], body)).toEqual([])
}
