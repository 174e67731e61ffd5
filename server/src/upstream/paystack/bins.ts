import type { CardIssuer } from '../../domain/payments/instruments.ts'
import type { Ask } from './ask.ts'
import { optionalId, readMembers, readSuccess, readText } from './reading.ts'

/** `GET /decision/bin/:bin`: the issuer of the cards that begin with these digits; null for unknown digits. */
export async function findIssuer(ask: Ask, bin: string): Promise<CardIssuer | null> {
  const operation = 'resolve_bin'
  const answer = await ask({ operation, method: 'GET', path: `/decision/bin/${encodeURIComponent(bin)}` })
  if ((answer.status === 400 || answer.status === 404) && answer.body.status === false) return null
  return readSuccess(operation, answer, (data) => {
    const members = readMembers(data)
    const bankId = optionalId(members, 'linked_bank_id')
    return {
      countryCode: readText(members, 'country_code'),
      countryName: readText(members, 'country_name'),
      cardType: readText(members, 'card_type').toUpperCase(),
      bank: readText(members, 'bank'),
      bankId: bankId === null ? null : Number(bankId),
    }
  })
}
