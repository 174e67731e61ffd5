import type { RecordedClient } from '../replay.ts'

/**
 * PayStackEase for Python. Its versions v1.0.0 and v2.3.7 send the same bytes. A body is `json.dumps` text, and a null
 * in it stands for an argument left out. A path is not escaped.
 */
export const payStackEase: RecordedClient = {
  name: 'PayStackEase',
  headers: {
    'content-type': 'application/json',
    Accept: '*/*',
    'Accept-Encoding': 'gzip, deflate',
    'User-Agent': 'Python/3.11 aiohttp/3.8.4',
  },
  recordings: [
    {
      title: 'a create with metadata',
      operation: 'create',
      request: 'POST /customer',
      body: '{"email": "{newEmail}", "first_name": "Ada", "last_name": "Obi", "phone": "+2348012345678", "metadata": {"k": 1}}',
      answer: 'created',
      data: ({ newEmail }) => ({ email: newEmail, first_name: 'Ada', metadata: { k: 1 } }),
    },
    {
      title: 'a create with metadata of null',
      operation: 'create',
      request: 'POST /customer',
      body: '{"email": "{newEmail}", "first_name": "\\u00c0d\\u00e1", "last_name": "Obi", "phone": "+2348012345678", "metadata": null}',
      answer: 'created',
      data: { first_name: 'Àdá' },
    },
    {
      title: 'an identification',
      operation: 'validate',
      request: 'POST /customer/{code}/identification',
      body: '{"first_name": "A", "last_name": "B", "middle_name": null, "type": "bank_account", "value": null, "country": "NG", "bvn": "20012345677", "bank_code": "007", "account_number": "0123456789"}',
      answer: 'accepted',
    },
    {
      title: 'an identification by e-mail',
      operation: 'validate',
      request: 'POST /customer/{email}/identification',
      body: '{"first_name": "A", "last_name": "B", "middle_name": null, "type": "bank_account", "value": null, "country": "NG", "bvn": "20012345677", "bank_code": "007", "account_number": "0123456789"}',
      answer: 'accepted',
    },
    {
      title: 'a risk action',
      operation: 'setRiskAction',
      request: 'POST /customer/set_risk_action',
      body: '{"customer": "{code}", "risk_action": "deny"}',
      answer: 'updated',
      data: { risk_action: 'deny' },
    },
    {
      title: 'a risk action of null, which sets the default one',
      operation: 'setRiskAction',
      request: 'POST /customer/set_risk_action',
      body: '{"customer": "{email}", "risk_action": null}',
      answer: 'updated',
      data: { risk_action: 'default' },
    },
    {
      title: 'a deactivation',
      operation: 'deactivateAuthorization',
      request: 'POST /customer/deactivate_authorization',
      body: '{"authorization_code": "{authorization}"}',
      answer: 'deactivated',
    },
    {
      title: 'an update of one member with null for the others, which stay',
      operation: 'update',
      request: 'PUT /customer/{code}',
      body: '{"first_name": "New", "last_name": null, "phone": null, "metadata": null}',
      answer: 'updated',
      data: { first_name: 'New', last_name: 'Obi', phone: '+2348012345678', metadata: { k: 1 } },
    },
    {
      title: 'a fetch by an unescaped e-mail',
      operation: 'fetch',
      request: 'GET /customer/{email}',
      answer: 'fetched',
      data: ({ id }) => ({ id }),
    },
    { title: 'a list', operation: 'list', request: 'GET /customer?perPage=50&page=1', answer: 'listed' },
    { title: 'a list without parameters', operation: 'list', request: 'GET /customer', answer: 'listed' },
    {
      title: 'a list between two dates',
      operation: 'list',
      request: 'GET /customer?perPage=50&page=1&from=2024-01-01&to=2024-02-01',
      answer: 'listed',
      data: [],
    },
    {
      title: 'a list from a time written with + for the space and with unescaped colons',
      operation: 'list',
      request: 'GET /customer?perPage=1&page=1&from=2024-01-01+10:30:05',
      answer: 'listed',
      data: ({ id }) => [{ id }],
    },
  ],
}
