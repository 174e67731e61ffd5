/** What the first digits of a card number tell. Texts are `Unknown` where nothing is known. */
export interface CardBin {
  brand: string
  subBrand: string
  /** ISO 3166 alpha-2. */
  countryCode: string
  countryName: string
  /** DEBIT, CREDIT or PREPAID. */
  cardType: string
  bank: string
  /** Of the bank in the list of banks; null for none of them. */
  bankId: number | null
}

const nigeria = { countryCode: 'NG', countryName: 'Nigeria' }
const testBank = { ...nigeria, cardType: 'DEBIT', bank: 'TEST BANK', bankId: null }

/** Issuers by their first six digits: of test cards, and those that are published. */
const issuers: Readonly<Record<string, Partial<CardBin>>> = {
  '408408': testBank,
  '424242': testBank,
  '506066': testBank,
  '507850': testBank,
  '539983': { ...nigeria, cardType: 'DEBIT', bank: 'Guaranty Trust Bank', bankId: 9 },
}

const unknown: Omit<CardBin, 'brand'> = {
  subBrand: '',
  countryCode: 'Unknown',
  countryName: 'Unknown',
  cardType: 'Unknown',
  bank: 'Unknown',
  bankId: null,
}

/** Of six or eight digits. The brand is told by the card schemes' own ranges, the rest only where it is known. */
export function describeBin(digits: string): CardBin {
  return { ...unknown, brand: brandOf(digits), ...issuers[digits.slice(0, 6)] }
}

function brandOf(digits: string): string {
  const six = Number(digits.slice(0, 6))
  if ((six >= 506_099 && six <= 506_198) || (six >= 507_850 && six <= 507_964) || six === 506_066) return 'Verve'
  if (six >= 650_002 && six <= 650_027) return 'Verve'
  if (digits.startsWith('4')) return 'Visa'
  if ((six >= 510_000 && six <= 559_999) || (six >= 222_100 && six <= 272_099)) return 'Mastercard'
  if (/^3[47]/.test(digits)) return 'American Express'
  if (/^(6011|64[4-9]|65)/.test(digits)) return 'Discover'
  if (/^3(0[0-5]|[68])/.test(digits)) return 'Diners Club'
  if (digits.startsWith('62')) return 'UnionPay'
  if (six >= 352_800 && six <= 358_999) return 'JCB'
  return 'Unknown'
}
