import type { RecordedClient } from '../replay.ts'

/** laravel-paystack for PHP. Each request has a JSON body, also a GET, and lists of banks end in a slash. */
export const laravelPaystack: RecordedClient = {
  name: 'laravel-paystack',
  headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'User-Agent': 'GuzzleHttp/7' },
  recordings: [
    {
      title: 'the beginning of a transaction',
      operation: 'initializeTransaction',
      request: 'POST /transaction/initialize',
      body: '{"amount":5000,"reference":"{newReference}","email":"{email}","first_name":"Ada","callback_url":"https:\\/\\/shop.example\\/payment\\/callback","currency":"NGN","metadata":"{\\"custom_fields\\":[{\\"display_name\\":\\"Cart Id\\",\\"variable_name\\":\\"cart_id\\",\\"value\\":\\"2\\"}]}"}',
      answer: 'opened',
      data: ({ newReference }) => ({ reference: newReference }),
    },
    {
      title: 'the check of a transaction',
      operation: 'verifyTransaction',
      request: 'GET /transaction/verify/{reference}',
      answer: 'verifiedTransaction',
      data: ({ reference }) => ({ reference, status: 'success' }),
    },
    {
      title: 'a list of transactions with the body []',
      operation: 'listTransactions',
      request: 'GET /transaction',
      body: '[]',
      answer: 'transactions',
    },
    {
      title: 'an export with a body of nulls',
      operation: 'exportTransactions',
      request: 'GET /transaction/export',
      body: '{"from":null,"to":null,"settled":null}',
      answer: 'exported',
    },
    {
      title: 'a create without metadata',
      operation: 'create',
      request: 'POST /customer',
      body: '{"email":"{newEmail}","first_name":"Ada","last_name":null,"phone":null,"metadata":null}',
      answer: 'created',
      data: ({ newEmail }) => ({ email: newEmail, first_name: 'Ada' }),
    },
    {
      title: 'an update that names the e-mail',
      operation: 'update',
      request: 'PUT /customer/{code}',
      body: '{"email":"{email}","first_name":"New","last_name":null,"phone":null,"metadata":null}',
      answer: 'updated',
      data: { first_name: 'New', last_name: 'Obi', metadata: { k: 1 } },
    },
    {
      title: 'a fetch with the body []',
      operation: 'fetch',
      request: 'GET /customer/{code}',
      body: '[]',
      answer: 'fetched',
    },
    { title: 'a list with the body []', operation: 'list', request: 'GET /customer', body: '[]', answer: 'listed' },
    {
      title: 'a list of banks with an empty use_cursor',
      operation: 'listBanks',
      request: 'GET /bank/?country=nigeria&use_cursor=&perPage=50',
      body: '[]',
      answer: 'banks',
    },
    {
      title: 'a list of banks by cursor',
      operation: 'listBanks',
      request: 'GET /bank/?country=nigeria&use_cursor=1&perPage=50',
      body: '[]',
      answer: 'banksByCursor',
    },
    {
      title: 'the holder of an account',
      operation: 'resolveAccount',
      request: 'GET /bank/resolve/?account_number=0123456789&bank_code=001',
      body: '[]',
      answer: 'resolved',
    },
  ],
}

/**
 * woo-paystack, Paystack's plugin for WooCommerce. An amount is 100 times the order's total in every currency. Its
 * reference is the order's number, `_` and the time, and it finds the order again by splitting the reference.
 */
const ofWordPress = {
  'User-Agent': 'WordPress/6.6; https://shop.example',
  Accept: '*/*',
  'Accept-Encoding': 'deflate, gzip, br',
}

export const wooPaystack: RecordedClient = {
  name: 'woo-paystack',
  headers: { ...ofWordPress, 'Content-Type': 'application/json' },
  recordings: [
    {
      title: 'the beginning of a transaction',
      operation: 'initializeTransaction',
      request: 'POST /transaction/initialize/',
      body: '{"amount":5000,"email":"{email}","currency":"XOF","reference":"{newReference}_1764310000","callback_url":"https:\\/\\/shop.example\\/wc-api\\/WC_Gateway_Paystack\\/","metadata":{"custom_fields":[{"display_name":"Plugin","variable_name":"plugin","value":"woo-paystack"}],"cancel_action":"https:\\/\\/shop.example\\/cart\\/","referrer":"https:\\/\\/shop.example"}}',
      answer: 'opened',
      data: ({ newReference }) => ({ reference: `${newReference}_1764310000` }),
    },
    {
      title: 'a charge of a saved card',
      operation: 'chargeAuthorization',
      request: 'POST /transaction/charge_authorization',
      body: '{"email":"{email}","amount":5000,"metadata":{"custom_fields":[{"display_name":"Plugin","variable_name":"plugin","value":"woo-paystack"}],"referrer":"https:\\/\\/shop.example"},"authorization_code":"{authorization}","reference":"{newReference}_1764310000","currency":"XOF"}',
      answer: 'charged',
      data: ({ newReference }) => ({
        reference: `${newReference}_1764310000`,
        status: 'success',
        amount: 5000,
        currency: 'XOF',
      }),
    },
  ],
}

/** The plugin's reads, which have no body and no content type. */
export const wooPaystackReads: RecordedClient = {
  name: 'woo-paystack',
  headers: ofWordPress,
  recordings: [
    {
      title: 'the check of a transaction',
      operation: 'verifyTransaction',
      request: 'GET /transaction/verify/{reference}',
      answer: 'verifiedTransaction',
      data: ({ reference }) => ({ reference, status: 'success', amount: 5000, currency: 'XOF' }),
    },
  ],
}

/** The plugin's refund, whose body WordPress writes as a form. It names the transaction by its reference. */
export const wooPaystackRefunds: RecordedClient = {
  name: 'woo-paystack',
  headers: { ...ofWordPress, 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' },
  recordings: [
    {
      title: 'a refund of a part',
      operation: 'createRefund',
      request: 'POST /refund',
      body: 'transaction={reference}&amount=2000&currency=XOF&customer_note=&merchant_note=Refund+for+Order+ID%3A+%2317+on+https%3A%2F%2Fshop.example',
      answer: 'madeRefund',
      data: ({ reference }) => ({ amount: 2000, currency: 'XOF', transaction: { reference } }),
    },
  ],
}
