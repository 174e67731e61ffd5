/** Answers as the contracts show them. */
export const customer = {
  id: 'customer_789',
  merchantId: 'merchant_456',
  phoneNumber: '+27821234567',
  email: 'john.doe@example.com',
  name: 'John Doe',
  metadata: { source: 'web' },
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
}

export const transfer = {
  id: 'transfer_001',
  merchantId: 'merchant_456',
  fromCustomerId: 'customer_789',
  toCustomerId: 'customer_790',
  amount: 250,
  currency: 'ZAR',
  status: 'completed',
  createdAt: '2025-01-15T10:30:00.000Z',
  updatedAt: '2025-01-15T10:30:00.000Z',
}

export const paystackCustomer = {
  id: 1173,
  customer_code: 'CUS_xnxdt6s1zg1f4nx',
  email: 'customer@email.com',
  first_name: 'Zero',
  last_name: 'Sum',
  phone: '+2348123456789',
  metadata: {},
  integration: 100032,
  domain: 'test',
  risk_action: 'default',
  createdAt: '2016-03-29T20:03:09.584Z',
  updatedAt: '2016-03-29T20:03:09.584Z',
}

export function cashfulError(statusCode: number, ...message: string[]) {
  return { statusCode, message, error: 'Error' }
}
