import type { RecordedClient } from '../replay.ts'

/** The bytes of clients that also run here unmodified. The bytes stay the same, whichever version runs. */
export const npmClients: RecordedClient[] = [
  {
    name: '@paystack/paystack-sdk 1.2.1-beta.1',
    headers: { 'user-agent': '@paystack/paystack-sdk - 1.2.1-beta.1' },
    framing: 'chunked',
    recordings: [
      {
        title: 'a create without a content type and with metadata as JSON text',
        request: 'POST /customer',
        body: '{"email":"{newEmail}","first_name":"Ada","metadata":"{\\"k\\":1}"}',
        answer: 'created',
        data: ({ newEmail }) => ({ email: newEmail, metadata: { k: 1 } }),
      },
      {
        title: 'a list by cursor that also names a page',
        request: 'GET /customer?use_cursor=true&from=2024-01-01&perPage=10&page=2',
        answer: 'listedByCursor',
      },
      {
        title: 'a fetch by an encoded e-mail',
        request: 'GET /customer/{encodedEmail}',
        answer: 'fetched',
        data: ({ id }) => ({ id }),
      },
      {
        title: 'an update',
        request: 'PUT /customer/{code}',
        body: '{"first_name":"New"}',
        answer: 'updated',
        data: { first_name: 'New', last_name: 'Obi', metadata: { k: 1 } },
      },
      {
        title: 'an update with a content length of 0',
        request: 'PUT /customer/{code}',
        body: '',
        answer: 'updated',
        data: { first_name: 'Ada', last_name: 'Obi', metadata: { k: 1 } },
      },
      {
        title: 'an identification',
        request: 'POST /customer/{code}/identification',
        body: '{"first_name":"A","last_name":"B","type":"bank_account","country":"NG","bvn":"20012345677","bank_code":"007","account_number":"0123456789"}',
        answer: 'accepted',
      },
      {
        title: 'a risk action',
        request: 'POST /customer/set_risk_action',
        body: '{"customer":"{code}","risk_action":"deny"}',
        answer: 'updated',
        data: { risk_action: 'deny' },
      },
      {
        title: 'a deactivation on the old path',
        request: 'POST /customer/deactivate_authorization',
        body: '{"authorization_code":"{authorization}"}',
        answer: 'deactivated',
      },
    ],
  },
  {
    name: 'paystack-sdk 4.2.1',
    headers: { 'content-type': 'application/json' },
    recordings: [
      {
        title: 'a list from a time to a date',
        request: 'GET /customer?perPage=10&page=2&from=2024-01-01T00%3A00%3A00.000Z&to=2024-02-01',
        answer: 'listed',
      },
      {
        title: 'a fetch by an unescaped e-mail with + and @',
        request: 'GET /customer/{email}',
        answer: 'fetched',
        data: ({ id }) => ({ id }),
      },
      {
        title: 'an update with nested metadata',
        request: 'PUT /customer/{code}',
        body: '{"first_name":"New","metadata":{"a":{"b":2}}}',
        answer: 'updated',
        data: { first_name: 'New', metadata: { a: { b: 2 } } },
      },
      {
        title: 'a deactivation with its misspelt member',
        request: 'POST /customer/deactivate_authorization',
        body: '{"authorizaion_code":"{authorization}"}',
        answer: 'deactivated',
      },
    ],
  },
  {
    name: '@alexasomba/paystack-node 1.1.6',
    headers: { 'content-type': 'application/json' },
    recordings: [
      {
        title: 'a deactivation on the new path',
        request: 'POST /customer/authorization/deactivate',
        body: '{"authorization_code":"{authorization}"}',
        answer: 'deactivated',
      },
      {
        title: 'the beginning of an authorization',
        request: 'POST /customer/authorization/initialize',
        body: '{"email":"{email}","channel":"direct_debit","callback_url":"http://test.url.com"}',
        answer: 'directed',
      },
      {
        title: 'the beginning of direct debit',
        request: 'POST /customer/{id}/initialize-direct-debit',
        body: '{"account":{"number":"0123456789","bank_code":"058"},"address":{"street":"s","city":"c","state":"st"}}',
        answer: 'directed',
      },
    ],
  },
  {
    name: '@alexasomba/paystack-node 1.10.8',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'b450e797-4e65-4592-b68f-156bdcc5d690' },
    recordings: [
      {
        title: 'a create with an idempotency key',
        request: 'POST /customer',
        body: '{"email":"{newEmail}","first_name":"Ada"}',
        answer: 'created',
        data: ({ newEmail }) => ({ email: newEmail }),
      },
    ],
  },
  {
    name: '@alexasomba/paystack-node 1.1.6, without a body',
    headers: {},
    recordings: [
      { title: 'a fetch by an encoded e-mail', request: 'GET /customer/{encodedEmail}', answer: 'fetched' },
      { title: 'mandates', request: 'GET /customer/{id}/directdebit-mandate-authorizations', answer: 'mandates' },
    ],
  },
  {
    name: 'paystack 2.0.1',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    recordings: [
      {
        title: 'a create with metadata as an object',
        request: 'POST /customer',
        body: '{"email":"{newEmail}","first_name":"Ada","metadata":{"k":1}}',
        answer: 'created',
        data: { metadata: { k: 1 } },
      },
      {
        title: 'a fetch by id',
        request: 'GET /customer/{id}',
        answer: 'fetched',
        data: ({ email }) => ({ email }),
      },
    ],
  },
  {
    name: 'paystack-api 2.0.6',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    recordings: [
      {
        title: 'a deactivation',
        request: 'POST /customer/deactivate_authorization',
        body: '{"authorization_code":"{authorization}"}',
        answer: 'deactivated',
      },
    ],
  },
  {
    name: 'paystack-node 0.3.0',
    headers: { 'Cache-Control': 'no-cache', Accept: 'application/json', 'Content-Type': 'application/json' },
    recordings: [
      {
        title: 'a create with metadata as JSON text and only the country code of a phone number',
        request: 'POST /customer',
        body: '{"first_name":"Ada","last_name":"Obi","email":"{newEmail}","phone":"+234","metadata":"{\\"k\\":1}"}',
        answer: 'created',
        data: { phone: '+234', metadata: { k: 1 } },
      },
      {
        title: 'an update that names an e-mail, which is ignored',
        request: 'PUT /customer/{code}',
        body: '{"first_name":"New","email":"ada@example.com"}',
        answer: 'updated',
        data: ({ email }) => ({ first_name: 'New', email }),
      },
      {
        title: 'a risk action',
        request: 'POST /customer/set_risk_action',
        body: '{"customer":"{code}","risk_action":"allow"}',
        answer: 'updated',
        data: { risk_action: 'allow' },
      },
    ],
  },
]
