import { Button, NativeSelect, PasswordInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Mteja } from '../base/client.ts'
import { useNotice, useSession } from '../base/context.ts'
import { Action } from '../parts/action.tsx'
import { Badge, Facts, Problem, When } from '../parts/basics.tsx'

type Account = Mteja.ProcessorAccount
type Name = Account['processor']

const names: Readonly<Record<Name, string>> = {
  sandbox: 'the sandbox',
  manual: 'people, outside any API',
  paystack: 'a Paystack account',
}
const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)
const titles: Readonly<Record<Account['direction'], string>> = { in: 'Takes money', out: 'Sends money' }
const causes: Readonly<Record<NonNullable<Account['pause']>['cause'], string>> = {
  unknown_here: 'An account has something that was sent from here, and these books do not know it.',
  started_paused: 'The server was started so.',
  by_hand: 'The business has paused it.',
  by_operator: 'The operator of the server has paused it.',
}

/** Who moves the money, and whether anything is sent. For somebody with the scope settings. */
export function Processors() {
  const { mteja } = useSession()
  const [changed, setChanged] = useState<Account>()
  const [isSwitching, setSwitching] = useState(false)
  const { data, error, refetch } = useQuery({
    queryKey: ['money', 'processors'],
    queryFn: async () => (await mteja.processors.list()).data,
  })
  if (error !== null && data === undefined) return <Problem error={error} again={refetch} />
  const pauses = data?.[0]?.pauses ?? []
  // Of several, only this one is ended here.
  const isPausedHere = pauses.some(({ cause }) => cause === 'by_hand')
  return (
    <section className="stack" aria-label="Processors">
      <h2>Processors</h2>
      {pauses.length > 0 && (
        <p className="needed">
          Nothing is sent: no payout, no refund, no charge, no webhook.
          {pauses.map(({ cause, reference, pausedAt }) => (
            <span key={cause}>
              {' '}
              {causes[cause]} {reference !== null && <span className="code">{reference}</span>} Since{' '}
              <When at={pausedAt} />.
            </span>
          ))}
        </p>
      )}
      <div className="cards positions">
        {data?.map((account) => (
          <ProcessorCard key={account.direction} account={account} change={() => setChanged(account)} />
        ))}
      </div>
      {data !== undefined && (
        <div>
          <Button variant="default" onClick={() => setSwitching(true)}>
            {isPausedHere ? 'Let sending go on …' : 'Pause all sending …'}
          </Button>
        </div>
      )}
      {changed !== undefined && <Choose account={changed} close={() => setChanged(undefined)} />}
      {isSwitching && <Switch isPaused={isPausedHere} others={pauses.length - 1} close={() => setSwitching(false)} />}
    </section>
  )
}

function ProcessorCard({ account, change }: { account: Account; change: () => void }) {
  const { direction, processor, state, lastError, lastErrorAt, keyHint, cutOverAt, chosenAt, refusedKeys } = account
  return (
    <div className="card stack">
      <div className="row apart">
        <h3>{titles[direction]}</h3>
        {state === 'failing' ? <Badge tone="bad">failing ✕</Badge> : <Badge tone="good">ready ✓</Badge>}
      </div>
      <Facts
        of={[
          ['Processor', capital(names[processor])],
          ['Since', chosenAt === null ? 'the default' : <When key="since" at={chosenAt} />],
          ...(keyHint === null ? [] : [['Key', `…${keyHint}`] as const]),
          ...(cutOverAt === null ? [] : [['Books begin', <When key="books" at={cutOverAt} />] as const]),
          ...(lastError === null || lastErrorAt === null
            ? []
            : [
                [
                  'Last error',
                  <span key="error">
                    {lastError} (<When at={lastErrorAt} />)
                  </span>,
                ] as const,
              ]),
        ]}
      />
      {refusedKeys.map((key) => (
        <p key={`${key.keyHint} ${key.replacedAt}`} className="needed">
          The former key …{key.keyHint} is refused by its account, and something that it has sent may be open.{' '}
          {key.askedBy === null
            ? 'No other key is known to be of the same account: nothing can be asked about it.'
            : `The key …${key.askedBy} of the same account asks instead.`}
          {key.lastError !== null && key.lastErrorAt !== null && (
            <>
              {' '}
              It was told “{key.lastError}” <When at={key.lastErrorAt} />.
            </>
          )}
        </p>
      ))}
      <div>
        <Button variant="default" size="compact-sm" onClick={change}>
          Choose …
        </Button>
      </div>
    </div>
  )
}

function useDone(text: string) {
  const queries = useQueryClient()
  const notice = useNotice()
  return () => {
    for (const name of ['money', 'home']) queries.invalidateQueries({ queryKey: [name] })
    notice({ text })
  }
}

function Choose({ account, close }: { account: Account; close: () => void }) {
  const { mteja, mode } = useSession()
  const { direction, chosenAt } = account
  const [processor, setProcessor] = useState(account.processor)
  const [secretKey, setSecretKey] = useState('')
  const [problem, setProblem] = useState<string>()
  const done = useDone('The processor was chosen.')
  const needsKey = processor === 'paystack'
  const ask = () => {
    const wrong = needsKey && secretKey.trim() === '' ? 'Give the secret key of the account.' : undefined
    setProblem(wrong)
    if (wrong !== undefined) return undefined
    return {
      sentence: (
        <>
          From now on the money of {mode} mode is {direction === 'in' ? 'taken' : 'sent'} by{' '}
          <strong>{names[processor]}</strong>. What was sent by the processor of before stays with it.
        </>
      ),
      button: 'Choose this processor',
      run: (idempotencyKey: string) =>
        mteja.processors.set(
          direction,
          { processor, ...(needsKey && { secretKey: secretKey.trim() }) },
          { idempotencyKey, ...(chosenAt !== null && { ifMatch: chosenAt }) },
        ),
    }
  }
  return (
    <Action title={titles[direction]} close={close} ask={ask} done={done} isDangerous>
      <NativeSelect
        label="Processor"
        value={processor}
        onChange={(event) => setProcessor(event.currentTarget.value as Name)}
        data={(Object.keys(names) as Name[])
          .filter((name) => name !== 'sandbox' || mode === 'test')
          .map((value) => ({ value, label: capital(names[value]) }))}
      />
      {needsKey && (
        <PasswordInput
          label="Secret key of the account"
          description={`Of ${mode} mode. Nobody can read it here afterwards.`}
          value={secretKey}
          onChange={(event) => setSecretKey(event.currentTarget.value)}
          error={problem}
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the key', tabIndex: 0 }}
        />
      )}
    </Action>
  )
}

function Switch({ isPaused, others, close }: { isPaused: boolean; others: number; close: () => void }) {
  const { mteja } = useSession()
  const resumed = others > 0 ? 'Your pause has ended. Another one is left.' : 'Sending goes on.'
  const done = useDone(isPaused ? resumed : 'Nothing is sent until a person lets it go on.')
  const ask = () => ({
    sentence: isPaused
      ? others > 0
        ? 'Only the pause of the business ends. Nothing is sent before the other one has ended, too.'
        : 'Everything that waits is sent: payouts, refunds, charges and webhooks.'
      : 'No payout, no refund, no charge and no webhook is sent until a person lets it go on. Money that arrives is still booked.',
    button: isPaused ? 'Let sending go on' : 'Pause all sending',
    run: (idempotencyKey: string) => mteja.processors.setSending({ paused: !isPaused }, { idempotencyKey }),
  })
  return (
    <Action
      title={isPaused ? 'Let sending go on' : 'Pause all sending'}
      close={close}
      ask={ask}
      done={done}
      isDangerous={!isPaused}
    >
      <p>{isPaused ? 'Look first why it was paused.' : 'For an emergency, or a restored backup.'}</p>
    </Action>
  )
}
