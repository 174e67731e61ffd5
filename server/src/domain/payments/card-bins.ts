import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { CardIssuer } from './instruments.ts'
import type { ProcessorChoice } from './payment-processor.ts'

/** The facts in the first digits of a card number. A text is `Unknown` where nothing is known. */
export interface CardBin extends CardIssuer {
  brand: string
  subBrand: string
}

/** Issuers by their first six digits, where they are published. */
const publishedIssuers: Readonly<Record<string, CardIssuer>> = {
  '539983': { countryCode: 'NG', countryName: 'Nigeria', cardType: 'DEBIT', bank: 'Guaranty Trust Bank', bankId: 9 },
}

const unknownIssuer: CardIssuer = {
  countryCode: 'Unknown',
  countryName: 'Unknown',
  cardType: 'Unknown',
  bank: 'Unknown',
  bankId: null,
}

/** Reads six or eight digits. The brand comes from the ranges of the card schemes, the rest from the known issuers. */
export async function describeBin(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  digits: string,
): Promise<CardBin> {
  const bin = digits.slice(0, 6)
  const processor = await context.processorOf(context, tenant, 'new')
  const issuer = publishedIssuers[bin] ?? (await processor?.findIssuer(bin)) ?? unknownIssuer
  return { brand: brandOf(digits), subBrand: '', ...issuer }
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
