import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService } from '../../../test/service.ts'
import { cash, commandsFor, createWallets, merchantBalance } from '../../../test/wallets.ts'
import type { OwnedDb } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { transactionKinds } from '../trail/trail.ts'
import { accountKinds } from './accounts.ts'
import { type AccountName, doCommand, type LedgerCommand } from './commands.ts'

// Holds the two tables of docs/ledger.md to the posting function: the accounts of each kind, and the cases.

const document = readFileSync(new URL('../../../../docs/ledger.md', import.meta.url), 'utf8')

/** The rows of the table that begins with this line, as cells. */
function rowsBelow(head: string): string[][] {
  const from = document.indexOf(head)
  expect(from, head).toBeGreaterThan(0)
  const [, , ...lines] = document.slice(from, document.indexOf('\n\n', from)).split('\n')
  return lines.map((line) =>
    line
      .slice(2, -1)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

const namesIn = (text = '') => [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)

/** `a → b, c` is a > b and a > c; `a ↔ b` is a > b and b > a. */
function routesIn(cell: string): string[] {
  const [from = '', to = ''] = cell.split(/ [→↔] /)
  const there = namesIn(from).flatMap((payer) => namesIn(to).map((payee) => [payer, payee] as const))
  const back = cell.includes('↔') ? there.map(([payer, payee]) => [payee, payer] as const) : []
  return [...there, ...back].map(([payer, payee]) => `${payer} > ${payee}`)
}

describe('the kinds of movements', () => {
  const kinds = rowsBelow('| kind | asked as | accounts |')
  const actions: Record<string, string> = { wish: 'post', fact: 'book' }

  test('the table has every kind', () => {
    expect(kinds.map(([kind]) => namesIn(kind)[0]).toSorted()).toEqual(transactionKinds.toSorted())
  })

  test('the posting function takes each kind between the accounts of the table, and between no others', async () => {
    const rows = kinds.map(([kind, asked = '', accounts = '']) => ({
      kind: namesIn(kind)[0] ?? '',
      asked: asked.split(', ').flatMap((each) => actions[each] ?? []),
      routes: routesIn(accounts),
    }))
    const expected = rows.flatMap(({ kind, asked, routes }) =>
      asked.flatMap((action) => routes.map((route) => `${action} ${kind} ${route}`)),
    )
    expect(expected.length).toBeGreaterThan(25)
    // Any pair of accounts where the kind is right, and the right pairs where it is asked for as it may not be.
    const nameable = accountKinds.filter((kind) => !kind.endsWith('_receivable'))
    const pairs = nameable.flatMap((from) => nameable.map((to) => `${from} > ${to}`))
    const tries = rows.flatMap(({ kind, asked, routes }) =>
      Object.values(actions).flatMap((action) =>
        (asked.includes(action) ? pairs : [...routes, 'customer_cash > merchant_balance'])
          .filter((route) => pairs.includes(route))
          .map((route) => `${action} ${kind} ${route}`),
      ),
    )
    const tenant = await createTestTenant(service)
    const [a, b] = await createWallets(service, tenant, 2)
    const list = (names: readonly string[]) => `array[${names.map((name) => `'${name}'`).join(', ')}]`
    const taken = await (service.db as OwnedDb).asOwner(async (session) => {
      await session.execute('begin')
      await session.execute('create temp table taken (line text)')
      await session.execute(`do $$
        declare
          v_try text;
          v_words text[];
        begin
          foreach v_try in array ${list(tries)} loop
            v_words := string_to_array(v_try, ' ');
            begin
              perform post_commands_v2(
                p_merchant_id => ${tenant.merchant.id}, p_mode => 'test', p_now => now(),
                p_account_kinds => array[v_words[3], v_words[5]],
                p_account_customers => array[
                  case when v_words[3] = 'customer_cash' then '${a}' end,
                  case when v_words[5] = 'customer_cash' then '${b}' end
                ],
                p_account_parties => array[null, case when v_words[5] = 'outside' then 7 end],
                p_account_currencies => array['ZAR', 'ZAR'], p_hold_ids => '{}', p_original_ids => '{}',
                p_actions => array[v_words[1]], p_ids => array[gen_random_uuid()], p_kinds => array[v_words[2]],
                p_froms => array[1], p_tos => array[2], p_amounts => array[1], p_holds => array[null::integer],
                p_finals => array[false], p_originals => array[null::integer],
                p_expirations => array[null::timestamptz], p_descriptions => array[null::text],
                p_details => array[null::text], p_event_types => array[null::text], p_event_data => array[null::text],
                p_keys => array[null::text], p_fingerprints => array[null::bytea], p_actors => array[null::integer],
                p_request_ids => array[null::bytea]
              );
              insert into taken values (v_try);
            exception when sqlstate 'MT004' then null;
            end;
          end loop;
        end $$`)
      const rows = await session.query<{ line: string }>(sql`select line from taken`)
      await session.execute('rollback')
      return rows.map(({ line }) => line)
    })
    expect(taken.toSorted()).toEqual(expected.toSorted())
  })
})

describe('the cases', () => {
  const outside: AccountName = { kind: 'outside' }
  const processor: AccountName = { kind: 'outside', at: 7n }
  const [processorFees, suspense, adjustments] = (['processor_fees', 'suspense', 'adjustments'] as const).map(
    (kind) => ({
      kind,
    }),
  ) as [AccountName, AccountName, AccountName]

  /** What is asked of the ledger in each case of the table. */
  const asked = (a: string, b: string): Record<string, LedgerCommand[]> => {
    const make = commandsFor(service)
    const wallet = cash(a)
    const payIn = (amount: bigint) => make.book('pay_in', processor, wallet, amount)
    const lost = make.book('chargeback', wallet, processor, 60n)
    const suspended = make.book('suspended', processor, suspense, 100n)
    const assigned = { ...make.book('assigned', suspense, wallet, 100n), details: { suspendedId: suspended.id } }
    return {
      'a payer pays the merchant 100, whose balance bears the fee of 3': [
        make.book('pay_in', processor, merchantBalance, 100n),
        make.book('processor_fee', merchantBalance, processor, 3n),
      ],
      'a payer pays 100, and the customer bears the fee of 3': [
        payIn(100n),
        make.book('processor_fee', wallet, processor, 3n),
      ],
      'a payer pays 103 and so bears the fee of 3, told at once or later; the account gets 100': [payIn(100n)],
      'a merchant without a balance has a first pay-in, with a fee of 3': [
        payIn(100n),
        make.book('processor_fee', processorFees, processor, 3n),
      ],
      'a fee of 3 is known only after the customer has spent everything': [
        payIn(100n),
        make.purchase(a, 100n),
        make.book('processor_fee', wallet, processor, 3n),
      ],
      'the fee of a refund or of a failed payout is taken, and comes back': [
        make.book('processor_fee', processorFees, processor, 3n),
        make.book('processor_fee_returned', processor, processorFees, 3n),
      ],
      'a payer paid 103, and takes all of it back; the customer bears fees': [
        payIn(100n),
        make.book('processor_fee', wallet, processor, 3n),
        make.book('chargeback', wallet, processor, 100n),
      ],
      'the processor settles 97 to the bank, which then has more and the processor less': [
        payIn(97n),
        make.book('settlement', outside, processor, 97n),
      ],
      'a pay-in of 100 is disputed and lost after 60 were spent': [
        payIn(100n),
        make.purchase(a, 60n),
        make.book('chargeback', wallet, processor, 100n),
      ],
      'the next pay-in of 80 repays 60 that are owed': [lost, make.payIn(a, 80n)],
      'a dispute is lost, and won afterwards': [lost, make.book('chargeback_returned', processor, wallet, 60n)],
      'the merchant bears a chargeback of 50 with a balance of 20': [
        make.book('pay_in', processor, merchantBalance, 20n),
        make.book('chargeback', merchantBalance, processor, 50n),
      ],
      'a debt of 60 is given up': [lost, make.adjust(adjustments, wallet, 60n)],
      "money of an unknown owner comes, and is found to be a customer's": [
        make.book('suspended', processor, suspense, 100n),
        make.book('assigned', suspense, wallet, 100n),
      ],
      'money of a payment is assigned, and 30 of it are refunded through the processor': [
        suspended,
        assigned,
        make.giveBack(assigned.id, processor, wallet, 30n),
      ],
      'money of an unknown owner comes, and goes back': [
        make.book('suspended', processor, suspense, 100n),
        make.book('given_back', suspense, processor, 100n),
      ],
      'money in suspense is taken back by the account: 30 first; a person assigns the rest; then the account takes that too, after it was spent':
        [
          make.book('suspended', processor, suspense, 100n),
          make.book('given_back', suspense, processor, 30n),
          make.book('assigned', suspense, wallet, 70n),
          make.purchase(a, 70n),
          make.book('chargeback', wallet, processor, 70n),
        ],
      'a dispute of money in suspense is lost, won and lost again': [
        make.book('suspended', processor, suspense, 100n),
        make.book('given_back', suspense, processor, 100n),
        make.book('suspended', processor, suspense, 100n),
        make.book('given_back', suspense, processor, 100n),
      ],
      'of 100 in suspense the account takes 30, and the rest is assigned; the 30 come back and are assigned to another customer; then the account takes 80 of both':
        [
          make.book('suspended', processor, suspense, 100n),
          make.book('given_back', suspense, processor, 30n),
          make.book('assigned', suspense, wallet, 70n),
          make.book('suspended', processor, suspense, 30n),
          make.book('assigned', suspense, cash(b), 30n),
          make.book('chargeback', cash(b), processor, 10n),
          make.book('chargeback', wallet, processor, 70n),
        ],
    }
  }

  test.each(rowsBelow('| case | movements |'))('%s', async (name, movements = '') => {
    const tenant = await createTestTenant(service)
    const [a = '', b = ''] = await createWallets(service, tenant, 2)
    const commands = asked(a, b)[name ?? ''] ?? []
    for (const command of commands) await doCommand(service, tenant, command)
    expect(await movementsOf(tenant.merchant.id, commands)).toEqual(movements.split('<br>'))
  })

  test('the table has every case of the test', () => {
    expect(rowsBelow('| case | movements |').map(([name]) => name)).toEqual(Object.keys(asked('', '')))
  })

  /** In the order of the commands, a loan before its command and a repayment after it. */
  async function movementsOf(merchantId: number, commands: LedgerCommand[]): Promise<string[]> {
    const rows = await service.db.query<{ line: string; kind: string; cause: string }>(sql`
      select
        format('\`%s\` %s: \`%s\` → \`%s\`', t.kind, t.amount, f.name, r.name) as line, t.kind,
        coalesce(t.details ->> 'causeId', t.id::text) as cause
      from ledger_transactions t
      join lateral (
        select a.kind || case when a.kind = 'outside' and a.party_id > 0 then format(' (%s)', a.party_id) else '' end as name
        from ledger_accounts a where a.merchant_id = t.merchant_id and a.id = t.from_account_id
      ) f on true
      join lateral (
        select a.kind || case when a.kind = 'outside' and a.party_id > 0 then format(' (%s)', a.party_id) else '' end as name
        from ledger_accounts a where a.merchant_id = t.merchant_id and a.id = t.to_account_id
      ) r on true
      where t.merchant_id = ${merchantId}
    `)
    const placeOf = ({ kind, cause }: (typeof rows)[number]) =>
      3 * commands.findIndex(({ id }) => id === cause) + (kind === 'receivable' ? 0 : kind === 'repayment' ? 2 : 1)
    return rows.toSorted((a, b) => placeOf(a) - placeOf(b)).map(({ line }) => line)
  }
})
