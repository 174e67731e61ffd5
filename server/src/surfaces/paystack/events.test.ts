import { expect, test } from 'vitest'
import { renderIdentificationEvent, renderMandateEvent } from './events.ts'

const customer = {
  id: 314159265,
  code: 'CUS_xnxdt6s1zg1f4nx',
  email: 'zero@example.com',
  firstName: 'Zero',
  lastName: 'Sum',
  phone: '+2348123456789',
  phoneE164: '+2348123456789',
  metadata: { plan: 'gold' },
  riskAction: 'default',
  identified: true,
}
const identification = {
  country: 'NG',
  type: 'bank_account',
  bvn: '222*****221',
  accountNumber: '011****111',
  bankCode: '007',
  value: null,
}
const told = {
  country: 'NG',
  type: 'bank_account',
  bvn: '222*****221',
  account_number: '011****111',
  bank_code: '007',
}
const mode = 'test'

test('the webhook of a successful identification has the customer’s id as text', () => {
  const event = { type: 'identity.succeeded', mode, data: { customer, details: { identification } } } as const
  expect(renderIdentificationEvent(event)).toEqual({
    event: 'customeridentification.success',
    data: { customer_id: '314159265', customer_code: customer.code, email: customer.email, identification: told },
  })
})

test('the webhook of a failed identification has the customer’s id as a number, and the reason inside data', () => {
  const details = { identification, reason: 'Account number or BVN is incorrect' }
  expect(renderIdentificationEvent({ type: 'identity.failed', mode, data: { customer, details } })).toEqual({
    event: 'customeridentification.failed',
    data: {
      customer_id: 314159265,
      customer_code: customer.code,
      email: customer.email,
      identification: told,
      reason: 'Account number or BVN is incorrect',
    },
  })
})

const paymentMethod = {
  code: 'ekk8t49ogj',
  last4: '6789',
  bank: 'TEST BANK',
  brand: null,
  country: 'NG',
  signature: null,
  accountName: null,
  expiryMonth: 1,
  expiryYear: 2036,
}
const mandate = { reference: 'ekk8t49ogj1x0c2', authorizationCode: 'ekk8t49ogj', merchantNumber: 100001, paymentMethod }
const authorization = {
  authorization_code: 'AUTH_ekk8t49ogj',
  last4: '6789',
  channel: 'direct_debit',
  card_type: 'mandate',
  bank: 'TEST BANK',
  exp_month: 1,
  exp_year: 2036,
  country_code: 'NG',
  brand: null,
  reusable: true,
  signature: null,
  account_name: null,
  customer: {
    first_name: 'Zero',
    last_name: 'Sum',
    code: customer.code,
    email: customer.email,
    phone: customer.phone,
    metadata: { plan: 'gold' },
    risk_action: 'default',
  },
}

test('the webhook of a new mandate says that it is not active yet, without integration, mode and reference', () => {
  expect(renderMandateEvent({ type: 'mandate.created', mode, data: { customer, details: mandate } })).toEqual({
    event: 'direct_debit.authorization.created',
    data: { ...authorization, active: false },
  })
})

test('the webhook of an active mandate has its integration, mode and reference', () => {
  expect(renderMandateEvent({ type: 'mandate.active', mode, data: { customer, details: mandate } })).toEqual({
    event: 'direct_debit.authorization.active',
    data: {
      ...authorization,
      active: true,
      integration: 100001,
      domain: 'test',
      reference: 'ekk8t49ogj1x0c2',
    },
  })
})

test('an event that is no identification or mandate is rendered elsewhere', () => {
  const event = { type: 'customer.created', mode, data: { customer, details: {} } } as const
  expect(renderIdentificationEvent(event)).toBeNull()
  expect(renderMandateEvent(event)).toBeNull()
})
