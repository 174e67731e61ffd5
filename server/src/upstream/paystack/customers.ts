import type { Ask } from './ask.ts'
import { begin, type Outcome } from './outcomes.ts'
import { readId, readMembers, readText } from './reading.ts'

/** A customer as the account knows them. */
export interface AccountCustomer {
  id: bigint
  code: string
}

/** `POST /customer`. A customer whose e-mail the account knows is answered, unchanged. */
export function introduceCustomer(
  ask: Ask,
  { email, firstName, lastName, phone }: { email: string; firstName: string; lastName: string; phone: string },
): Promise<Outcome<AccountCustomer>> {
  const body = { email, first_name: firstName, last_name: lastName, phone }
  const question = { operation: 'create_customer', method: 'POST', path: '/customer', body } as const
  return begin(ask, 'create_customer', question, (data) => {
    const members = readMembers(data)
    return { id: readId(members, 'id'), code: readText(members, 'customer_code') }
  })
}
