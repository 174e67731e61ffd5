import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertTransaction, openDispute, pay, resolveDispute, settle } from '../../../test/paystack/live-account.ts'
import { type OpenedAccount, openAccount, readPages } from '../../../test/paystack/open-account.ts'
import type { Answer } from './ask.ts'
import {
  assignDedicatedAccount,
  createDedicatedAccount,
  listDedicatedAccounts,
  requeryDedicatedAccount,
} from './dedicated-accounts.ts'
import { fetchDispute, listDisputes } from './disputes.ts'
import { listPages } from './pages.ts'
import { listSettledTransactions, listSettlements, readBalances } from './settlements.ts'

let opened: OpenedAccount
beforeAll(async () => {
  opened = await openAccount()
})
afterAll(() => opened.close())

async function flat<Row>(pages: AsyncGenerator<Row[]>): Promise<Row[]> {
  return (await readPages(pages)).flat()
}

describe('the books of the account', () => {
  test('disputes, settlements and the balance are read in minor units', async () => {
    for (const reference of ['kept', 'lost']) {
      insertTransaction(opened.account, { email: 'a@example.com', amount: 10_000, reference })
      pay(opened.account, reference)
    }
    expect(await readBalances(opened.ask)).toEqual([{ currency: 'NGN', amount: 19_700n }])
    const dispute = openDispute(opened.account, 'lost')
    const id = BigInt(dispute.id as number)
    expect(await fetchDispute(opened.ask, id)).toMatchObject({
      status: 'awaiting-merchant-feedback',
      resolution: null,
      amount: 10_000n,
      transactionReference: 'lost',
    })
    resolveDispute(opened.account, dispute, 'merchant-accepted')
    expect(await flat(listDisputes(opened.ask))).toMatchObject([
      { id, status: 'resolved', resolution: 'merchant-accepted' },
    ])
    expect(await fetchDispute(opened.ask, 1n)).toBeNull()
    settle(opened.account)
    const [settlement] = await flat(listSettlements(opened.ask))
    expect(settlement).toMatchObject({ amount: 19_700n, collected: 20_000n, fees: 300n, status: 'success' })
    const settled = await flat(listSettledTransactions(opened.ask, settlement?.id ?? 0n))
    expect(settled.map(({ reference }) => reference)).toEqual(['kept', 'lost'])
    expect(await readBalances(opened.ask)).toEqual([{ currency: 'NGN', amount: -10_000n }])
  })

  test('a dedicated account is opened, listed and asked about again', async () => {
    const names = { firstName: 'Zero', lastName: 'Sum', phone: '+2348100000000' }
    const wanted = { customerCode: 'CUS_abc', bankSlug: 'wema-bank', ...names }
    const created = await createDedicatedAccount(opened.ask, wanted)
    expect(created).toMatchObject({ is: 'exists', thing: { customerCode: 'CUS_abc', currency: 'NGN', active: true } })
    const [listed] = await flat(listDedicatedAccounts(opened.ask, { active: true }))
    expect(created).toMatchObject({ thing: listed })
    const query = { accountNumber: listed?.accountNumber ?? '', providerSlug: 'wema-bank' }
    await requeryDedicatedAccount(opened.ask, query)
    const applicant = { email: 'a@example.com', firstName: 'A', lastName: 'B', phone: '+2348100000000' }
    expect(await assignDedicatedAccount(opened.ask, { ...applicant, bankSlug: 'wema-bank', country: 'NG' })).toEqual({
      is: 'exists',
      thing: null,
    })
  })
})

describe('a list', () => {
  const listing = { operation: 'list_things', path: '/things' }
  const says = (body: Answer['body']) => async (): Promise<Answer> => ({ status: 200, body, retryAfterMs: null })
  const good = { status: true, data: [{}], meta: { page: 1, pageCount: 1 } }

  test.each([
    ['no meta', { meta: undefined }],
    ['another page', { meta: { page: 2, pageCount: 2 } }],
    ['no number of pages', { meta: { page: 1 } }],
    ['rows that are none', { data: {} }],
    ['a row that is none', { data: ['x'] }],
    ['no success', { status: false }],
  ])('a list with %s is malformed, and not taken for its end', async (_what, own) => {
    const read = readPages(listPages(says({ ...good, ...own }), { ...listing, readRow: (row) => row }))
    await expect(read).rejects.toMatchObject({ outcome: 'malformed' })
    expect(await readPages(listPages(says(good), { ...listing, readRow: (row) => row }))).toEqual([[{}]])
  })
})
