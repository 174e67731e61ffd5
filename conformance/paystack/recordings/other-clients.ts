import type { RecordedClient } from '../replay.ts'

/** Requests of clients in other languages that a server must accept. */
export const otherClients: RecordedClient[] = [
  {
    name: 'airbytehq/airbyte',
    headers: {},
    recordings: [
      {
        title: 'a list of 200 from a time without milliseconds',
        request: 'GET /customer?perPage=200&from=2024-01-01T00%3A00%3A00Z',
        answer: 'listed',
      },
    ],
  },
  {
    name: 'a form',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    recordings: [
      {
        title: 'a create with metadata in brackets',
        request: 'POST /customer',
        body: 'email=form%2Bada%40example.com&first_name=Ada+Mary&metadata[k]=v',
        answer: 'created',
        data: { email: 'form+ada@example.com', first_name: 'Ada Mary', metadata: { k: 'v' } },
      },
      {
        title: 'an update with metadata as JSON text',
        request: 'PUT /customer/{code}',
        body: 'last_name=New&metadata=%7B%22k%22%3A2%7D',
        answer: 'updated',
        data: { first_name: 'Ada', last_name: 'New', metadata: { k: 2 } },
      },
      {
        title: 'an identification',
        request: 'POST /customer/{code}/identification',
        body: 'first_name=A&last_name=B&type=bank_account&country=NG&bvn=20012345677&bank_code=007&account_number=0123456789',
        answer: 'accepted',
      },
      {
        title: 'a risk action',
        request: 'POST /customer/set_risk_action',
        body: 'customer={encodedEmail}&risk_action=allow',
        answer: 'updated',
        data: { risk_action: 'allow' },
      },
      {
        title: 'a deactivation',
        request: 'POST /customer/authorization/deactivate',
        body: 'authorization_code={authorization}',
        answer: 'deactivated',
      },
    ],
  },
]
