import type {
  AskOutcome,
  HolderAnswer,
  PayoutOrder,
  PayoutProcessor,
  PayoutsContext,
  SendOutcome,
} from '../src/domain/payouts/payout-processor.ts'

/** A processor that answers what a test lets it answer, and notes what it was sent. */
export interface Scripted {
  context: PayoutsContext
  sent: PayoutOrder[]
  send: SendOutcome | (() => Promise<SendOutcome>)
  ask: AskOutcome | (() => Promise<AskOutcome>)
  fee: bigint
  returnLooksMs: readonly number[]
  /** What a bank says of the holder of an account; default a party that knows no bank. */
  findHolder?: () => Promise<HolderAnswer>
}

export function scriptPayouts(
  service: PayoutsContext,
  send: Scripted['send'],
  ask: Scripted['ask'] = { is: 'not_found' },
): Scripted {
  const answer = <Outcome>(outcome: Outcome | (() => Promise<Outcome>)) =>
    typeof outcome === 'function' ? (outcome as () => Promise<Outcome>)() : Promise.resolve(outcome)
  const processor = (): PayoutProcessor => ({
    accountId: 7n,
    notFoundMs: 60_000,
    returnLooksMs: script.returnLooksMs,
    estimateFee: () => script.fee,
    send: (_, order) => {
      script.sent.push(order)
      return answer(script.send)
    },
    ask: () => answer(script.ask),
    ...(script.findHolder === undefined ? {} : { findHolder: script.findHolder }),
  })
  const context = { ...service, payoutProcessorOf: async () => processor() }
  const script: Scripted = { context, sent: [], send, ask, fee: 0n, returnLooksMs: [] }
  return script
}
