import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { banks } from '../../../domain/banking/bank-list.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

async function get(path: string) {
  const answer = await api.call('GET', path)
  return { status: answer.statusCode, body: answer.json() }
}

interface Row {
  id: number
  name: string
  code: string
  country: string
  currency: string
  type: string
}

async function list(query = ''): Promise<Row[]> {
  return (await get(`/bank${query}`)).body.data
}

const refusal = (message: string, code = 'invalid_params') =>
  expect.objectContaining({ status: false, message, type: 'validation_error', code })

test('every bank has a number, a slug, and a code of its own within its country and type', () => {
  const unique = (values: unknown[]) => expect(new Set(values).size).toBe(values.length)
  unique(banks.map(({ id }) => id))
  unique(banks.map(({ slug }) => slug))
  unique(banks.map(({ country, type, code }) => `${country} ${type} ${code}`))
  for (const { slug, code } of banks)
    expect([slug, code]).toEqual([expect.stringMatching(/^[a-z0-9-]+$/), expect.stringMatching(/^\w+$/)])
})

describe('the list of banks', () => {
  test('the list of banks has all of them by name, with every known member, and no meta', async () => {
    const { status, body } = await get('/bank')
    expect({ status, message: body.message, meta: body.meta }).toEqual({
      status: 200,
      message: 'Banks retrieved',
      meta: undefined,
    })
    expect(body.data).toHaveLength(banks.length)
    const names = body.data.map(({ name }: Row) => name)
    expect(names).toEqual(names.toSorted())
    expect(body.data.find(({ code }: Row) => code === '057')).toEqual({
      id: 21,
      name: 'Zenith Bank',
      slug: 'zenith-bank',
      code: '057',
      longcode: '057150013',
      gateway: 'emandate',
      pay_with_bank: true,
      supports_transfer: true,
      available_for_direct_debit: true,
      active: true,
      is_deleted: false,
      country: 'Nigeria',
      currency: 'NGN',
      type: 'nuban',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    })
  })

  test.each([
    ['country=nigeria', 'NGN'],
    ['country=Ghana', 'GHS'],
    ['country=kenya', 'KES'],
    ['country=south-africa', 'ZAR'],
    ['country=south%20africa', 'ZAR'],
    ['country=ZA', 'ZAR'],
    ['currency=KES', 'KES'],
    ['currency=ghs', 'GHS'],
    ['type=basa', 'ZAR'],
  ])('the list of banks is filtered by %s', async (query, currency) => {
    const found = await list(`?${query}`)
    expect(found.length).toBeGreaterThan(2)
    expect(new Set(found.map((bank) => bank.currency))).toEqual(new Set([currency]))
  })

  test('a country in which Paystack works and whose banks are not known has an empty list', async () => {
    const { body } = await get('/country')
    const names = body.data.flatMap(({ name, iso_code }: { name: string; iso_code: string }) => [name, iso_code])
    expect(names).toHaveLength(14)
    const ivorian = ["cote d'ivoire", 'CÔTE D’IVOIRE', 'cote-d-ivoire', 'Co\u0302te d‘Ivoire']
    for (const name of [...names, ...ivorian]) {
      const answer = await get(`/bank?country=${encodeURIComponent(name)}`)
      expect([name, answer.status, answer.body.message]).toEqual([name, 200, 'Banks retrieved'])
      const isKnown = /ghana|kenya|nigeria|africa|gh|ke|ng|za/i.test(name) && !ivorian.includes(name)
      expect([name, answer.body.data.length > 0]).toEqual([name, isKnown])
    }
    const paged = (await get('/bank?country=egypt&use_cursor=true')).body
    expect([paged.data, paged.meta]).toEqual([[], { next: null, previous: null, perPage: 50 }])
  })

  test('the list of banks is filtered by several parameters at once', async () => {
    expect((await list('?currency=GHS&type=mobile_money')).map(({ code }) => code).sort()).toEqual([
      'ATL',
      'MTN',
      'VOD',
    ])
    expect((await list('?country=nigeria&pay_with_bank=true')).map(({ code }) => code).sort()).toEqual([
      '057',
      '058',
      '50211',
    ])
    expect((await list('?pay_with_bank_transfer=true')).map(({ code }) => code).sort()).toEqual(['035', '100039'])
    expect((await list('?gateway=digitalbankmandate')).map(({ code }) => code)).toEqual(['50211'])
    expect(await list('?currency=USD')).toEqual([])
  })

  test('the list of banks says which banks validate accounts, and shows the codes of instant payments, when asked', async () => {
    const validating = await list('?enabled_for_verification=true&currency=ZAR')
    expect(validating.find(({ code }) => code === '470010')).toMatchObject({ supported_types: ['personal'] })
    expect(validating.find(({ code }) => code === '462005')).toBeUndefined()
    const [zenith] = (await list('?include_nip_sort_code=true')).filter(({ code }) => code === '057')
    expect(zenith).toMatchObject({ nip_sort_code: '000015' })
  })

  test('the list of banks is walked by cursor, both ways, with each bank once', async () => {
    const all = (await list('?currency=NGN')).map(({ id }) => id)
    const seen: number[] = []
    let page = (await get('/bank?currency=NGN&use_cursor=true&perPage=25')).body
    expect(page.meta.previous).toBeNull()
    for (;;) {
      expect(page.meta.perPage).toBe(25)
      seen.push(...page.data.map(({ id }: Row) => id))
      if (page.meta.next === null) break
      page = (await get(`/bank?currency=NGN&perPage=25&next=${encodeURIComponent(page.meta.next)}`)).body
    }
    expect(seen).toEqual(all)
    expect(Buffer.from(page.meta.previous, 'base64').toString()).toMatch(/^bank:\d+$/)
    const before = await list(`?currency=NGN&perPage=25&previous=${encodeURIComponent(page.meta.previous)}`)
    const last = seen.length - page.data.length
    expect(before.map(({ id }) => id)).toEqual(seen.slice(last - 25, last))
  })

  test('the list of banks has at most 100 on a page', async () => {
    const { data, meta } = (await get('/bank?use_cursor=true&perPage=1000')).body
    expect([data.length, meta.perPage]).toEqual([100, 100])
    expect(await list('?perPage=3')).toHaveLength(3)
  })

  test.each([
    [
      'country=atlantis',
      '"country" must be one of [nigeria, ghana, south africa, kenya, côte d’ivoire, egypt, rwanda]',
    ],
    ['next=abc', '"next" must be a cursor from the meta of an earlier page'],
    [`next=${Buffer.from('bank:999').toString('base64')}`, '"next" must be a cursor of the same list'],
    ['perPage=none', '"perPage" must be a whole number from 1 to 1000000000000, not "none"'],
  ])('the list of banks refuses %s', async (query, message) => {
    expect(await get(`/bank?${query}`)).toEqual({ status: 400, body: refusal(message) })
  })
})

describe('resolving an account', () => {
  const resolve = (account: string, bank: string) => get(`/bank/resolve?account_number=${account}&bank_code=${bank}`)

  test.each([
    ['0123456789', '001', 'TEST ACCOUNT 0123456789', 20],
    ['0000000001', '001', 'TEST ACCOUNT 0000000001', 20],
    ['0000000000', '057', 'ADA OBI', 21],
    ['0111111111', '007', 'UCHENNA OKORO', 22],
  ])('the account %s at bank %s belongs to %s', async (account_number, bank, account_name, bank_id) => {
    expect(await resolve(account_number, bank)).toEqual({
      status: 200,
      body: {
        status: true,
        message: 'Account number resolved',
        data: { account_number, account_name, bank_id },
      },
    })
  })

  test('an account number belongs to the same person each time it is resolved', async () => {
    const names = []
    for (let i = 0; i < 10; i += 1) names.push((await resolve('0123456789', '058')).body.data.account_name)
    expect(new Set(names).size).toBe(1)
    expect((await resolve('0123456788', '058')).body.data.account_name).not.toBe(names[0])
  })

  test('a mobile money number is resolved as an account', async () => {
    expect((await resolve('0551234987', 'MTN')).status).toBe(200)
  })

  test.each([
    ['', '057', 400, refusal('account_number is required')],
    ['0000000000', '', 400, refusal('bank_code is required')],
    ['12345', '057', 400, refusal('Account number is invalid')],
    ['012345678', '057', 400, refusal('Account number is invalid')],
    ['01234x6789', '057', 400, refusal('Account number is invalid')],
    ['0123456789', '059', 400, refusal('Unknown bank code: 059')],
    [
      '0000000001',
      '057',
      422,
      refusal('Could not resolve account name. Check parameters or try again.', 'invalid_bank_code'),
    ],
  ])('resolving the account "%s" at bank "%s" is refused', async (account, bank, status, body) => {
    expect(await resolve(account, bank)).toEqual({ status, body })
  })
})

describe('validating a South African account', () => {
  const right = {
    account_name: 'Ann Bron',
    account_number: '0123456789',
    account_type: 'personal',
    bank_code: '632005',
    country_code: 'ZA',
    document_type: 'identityNumber',
    document_number: '1234567890123',
  }
  async function validate(more: object) {
    const answer = await api.call('POST', '/bank/validate', { ...right, ...more })
    return { status: answer.statusCode, body: answer.json() }
  }

  test('validating a South African account confirms its holder', async () => {
    expect(await validate({})).toEqual({
      status: 200,
      body: {
        status: true,
        message: 'Personal Account Verification attempted',
        data: {
          verified: true,
          verificationMessage: 'Account is verified successfully',
          accountAcceptsDebits: true,
          accountAcceptsCredits: true,
          accountHolderMatch: true,
          accountOpenForMoreThanThreeMonths: true,
          accountOpen: true,
        },
      },
    })
  })

  test.each([
    ['0000000001', { accountOpen: false, accountHolderMatch: false }],
    ['0000000002', { accountOpen: true, accountHolderMatch: false }],
  ])('validating a South African account says that %s does not belong to the holder', async (account_number, what) => {
    expect(await validate({ account_number })).toMatchObject({
      status: 400,
      body: { status: false, message: 'Personal Account Verification attempted', data: { verified: false, ...what } },
    })
  })

  test.each([
    [{ bank_code: '057' }, 'Unknown bank code: 057'],
    [{ bank_code: '470010', account_type: 'business' }, 'Capitec Bank Limited does not validate business accounts'],
    [{ account_number: 'x' }, 'Account number is invalid'],
    [{ country_code: 'NG' }, '"country_code" must be one of [ZA]'],
    [{ account_type: null }, '"account_type" is required'],
  ])('validating a South African account refuses %j', async (more, message) => {
    const { status, body } = await validate(more)
    expect([status, body.message]).toEqual([400, message])
  })
})

describe('the first digits of a card', () => {
  test('the first digits of a card resolve to the issuer where it is known', async () => {
    expect(await get('/decision/bin/539983')).toEqual({
      status: 200,
      body: {
        status: true,
        message: 'Bin resolved',
        data: {
          bin: '539983',
          brand: 'Mastercard',
          sub_brand: '',
          country_code: 'NG',
          country_name: 'Nigeria',
          card_type: 'DEBIT',
          bank: 'Guaranty Trust Bank',
          linked_bank_id: 9,
        },
      },
    })
  })

  test.each([
    ['408408', 'Visa', 'TEST BANK'],
    ['40840840', 'Visa', 'TEST BANK'],
    ['506066', 'Verve', 'TEST BANK'],
    ['455555', 'Visa', 'Unknown'],
    ['222100', 'Mastercard', 'Unknown'],
    ['371234', 'American Express', 'Unknown'],
    ['999999', 'Unknown', 'Unknown'],
  ])('the first digits %s are %s of %s', async (bin, brand, bank) => {
    expect((await get(`/decision/bin/${bin}`)).body.data).toMatchObject({ bin, brand, bank })
  })

  test.each(['5399', '5399831', '53998x', '539983123'])('%s is refused as the first digits of a card', async (bin) => {
    expect(await get(`/decision/bin/${bin}`)).toEqual({ status: 400, body: refusal('Bin must be 6 or 8 digits') })
  })
})
