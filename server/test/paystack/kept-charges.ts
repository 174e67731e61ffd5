import type { Tenant } from '../../src/domain/merchants/tenant.ts'
import type { ChargeToSend, SentCharge, SentCharges } from '../../src/domain/payments/sent-charges.ts'

/** Charges on record in memory, for tests that need no database. They outlive a processor, as a table would. */
export function keepCharges(): SentCharges & { formerNames: Map<string, string> } {
  const charges = new Map<string, SentCharge>()
  /** Former names, with the reference of their charge. */
  const formerNames = new Map<string, string>()
  const keep = (charge: ChargeToSend, isStopped = false) => {
    const kept = { ...charge, isStopped, isDecided: false, page: null as SentCharge['page'] }
    charges.set(charge.reference, kept)
    return kept
  }
  return {
    formerNames,
    record: async (_tenant: Tenant, charge) => charges.get(charge.reference) ?? keep(charge),
    find: async (_tenant, reference) => charges.get(reference) ?? null,
    async rename(_tenant, charge) {
      const former = charges.get(charge.reference)
      if (former !== undefined) formerNames.set(former.sentReference, charge.reference)
      return keep(charge, former?.isStopped)
    },
    stop: async (_tenant, charge) => keep(charges.get(charge.reference) ?? charge, true),
    async refuse(_tenant, { reference }) {
      const kept = charges.get(reference)
      if (kept !== undefined) charges.set(reference, { ...kept, isDecided: true })
    },
    async keepPage(_tenant, { reference }, page) {
      const kept = charges.get(reference)
      if (kept !== undefined) charges.set(reference, { ...kept, page, isDecided: false })
    },
  }
}
