import { expect, test } from 'vitest'
import {
  anyText,
  closed,
  date,
  exactly,
  integer,
  listDefects,
  listOf,
  matching,
  nullable,
  open,
  text,
} from './shape.ts'

const order = closed(
  { id: integer, lines: listOf(open({ code: matching(/^L\d$/, 'a line') }), { atLeast: 1 }) },
  { at: date },
)

test('a value that fits a shape has no defects', () => {
  const value = { id: 1, lines: [{ code: 'L1', more: true }], at: '2025-01-15T10:30:00Z' }
  expect(listDefects(order, value)).toEqual([])
})

test('every defect of a value is named with its place', () => {
  expect(listDefects(order, { lines: [{ code: 'L1' }, { code: 'X' }, {}], at: 'today', extra: 1 })).toEqual([
    'body.id is missing',
    'body.extra is not documented',
    'body.lines[1].code is "X", expected a string that is a line',
    'body.lines[2].code is missing',
    'body.at is "today", expected a date with an offset',
  ])
  expect(listDefects(order, { id: 1.5, lines: [] })).toEqual([
    'body.id is 1.5, expected an integer',
    'body.lines is [], expected a list of at least 1',
  ])
})

test('null fits a shape that allows null, and no other', () => {
  expect(listDefects(nullable(text), null)).toEqual([])
  for (const shape of [text, integer, date, order, exactly(false), listOf(text), open({})]) {
    expect(listDefects(shape, null)).toHaveLength(1)
  }
})

test('an empty text fits only the shape of a text that may be empty', () => {
  expect(listDefects(anyText, '')).toEqual([])
  expect(listDefects(text, '')).toHaveLength(1)
})
