import { type Row, sendRequests } from '../bench.ts'
import { atLeast } from '../result.ts'
import { alternate, format, medianOf, ratioOf } from '../rounds.ts'

const callers = 64

/** Payouts that are accepted: their money is reserved. They are sent behind it, by the same server. */
export const payouts: Row = async (bench) => {
  const { options } = bench
  const post =
    (kind: 'payout' | 'transfer', seconds = options.seconds) =>
    async () =>
      (await sendRequests(bench, kind, { callers, seconds })).rate
  await post('payout', options.warmUpSeconds)()
  const figures = await alternate(
    [
      { name: 'payouts', run: post('payout') },
      { name: 'transfers', run: post('transfer') },
    ],
    options.rounds,
  )
  const rate = (name: string) => `${format(medianOf(figures, name))} /s`
  const ratio = ratioOf(figures, 'payouts', 'transfers')
  return [
    {
      what: `POST /v1/payouts, ${callers} callers`,
      measured: rate('payouts'),
      against: `POST /transfers: ${rate('transfers')}`,
      ratio,
      goal: atLeast(ratio, 0.8),
    },
  ]
}
