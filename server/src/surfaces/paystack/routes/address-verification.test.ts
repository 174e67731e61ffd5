import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'

let api: TestApi

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

test.each([
  ['CA', 13, { name: 'Alberta', slug: 'alberta', abbreviation: 'AB' }],
  ['us', 51, { name: 'New York', slug: 'new-york', abbreviation: 'NY' }],
])('the states of %s are listed with their slugs', async (country, count, state) => {
  const { message, data } = (await api.call('GET', `/address_verification/states?country=${country}`)).json()
  expect([message, data.length]).toEqual(['States retrieved', count])
  expect(data).toContainEqual(state)
})

test.each(['NG', 'toString', 'Canada'])('the list of states of %s is empty', async (country) => {
  expect((await api.call('GET', `/address_verification/states?country=${country}`)).json().data).toEqual([])
})

test.each(['', '?country=', '?country=%20'])(
  'states%s without a country are refused in Paystack’s words',
  async (query) => {
    const answer = await api.call('GET', `/address_verification/states${query}`)
    expect([answer.statusCode, answer.json().message]).toEqual([422, 'Country is required'])
  },
)
