import { expect, test } from 'vitest'
import { compareNames } from './payee-names.ts'

test.each([
  ['Ada Obi', 'ADA OBI'],
  ['Ada Obi', 'OBI, ADA'],
  ['Mrs. Ada Obi', 'OBI ADA'],
  ['Adé Òbí', 'ADE OBI'],
  ['Nkem O’Brien', 'OBRIEN NKEM'],
  ['Jean-Paul Ade', 'JEAN PAUL ADE'],
  ['Duka Trading Limited', 'DUKA TRADING LTD'],
  ['Duka & Sons Company', 'DUKA AND SONS CO'],
  ['De La Cruz', 'DELACRUZ'],
  ['李小龙', '李小龙'],
])('the names %s and %s are one', (given, atBank) => {
  expect(compareNames(given, atBank)).toBe('match')
  expect(compareNames(atBank, given)).toBe('match')
})

test.each([
  ['Ada Obi', 'ADA CHIDI OBI'],
  ['A. Obi', 'ADA OBI'],
  ['Chidi Ezeh', 'CHIDI EZE'],
  ['Chidi Okoro', 'CHIDI OKRO'],
  ['Funke Adeyemi', 'FUNKE ADEYMEI'],
  ['Duka Trading', 'DUKA TRADING LIMITED'],
])('the names %s and %s are close', (given, atBank) => {
  expect(compareNames(given, atBank)).toBe('close_match')
  expect(compareNames(atBank, given)).toBe('close_match')
})

test.each([
  ['Ada Obi', 'KWAME MENSAH'],
  ['Ada Obi', 'ADA MENSAH'],
  ['Ada', 'ADA OBI'],
  ['A O', 'ADA OBI'],
  ['Ada Obi', 'IDA OBI'],
  ['Ada Ada', 'ADA OBI'],
  ['', 'ADA OBI'],
  ['Ada Obi', '...'],
])('the names %s and %s are two', (given, atBank) => {
  expect(compareNames(given, atBank)).toBe('no_match')
  expect(compareNames(atBank, given)).toBe('no_match')
})
