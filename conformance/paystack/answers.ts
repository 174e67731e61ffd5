import { expect } from 'vitest'
import { listDefects } from '../src/shape.ts'
import { type AnswerName, answers } from './shapes.ts'

/** The members of a customer that the tests read. `shapes.ts` checks the types of all members. */
export interface CustomerData {
  id: number
  customer_code: string
  email: string
  identified: boolean
  authorizations: { authorization_code: string }[]
}

/** Fails for every difference between a success and the documented answer. */
export function expectAnswer(name: AnswerName, body: unknown): void {
  expect(listDefects(answers[name], body)).toEqual([])
}
