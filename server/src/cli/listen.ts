import { type Command, InvalidArgumentError, Option } from 'commander'
import { systemRandom } from '../base/ids.ts'
import { parseLossless } from '../base/lossless-json.ts'
import { newWebhookSecret } from '../domain/webhooks/signatures.ts'
import { styleRules } from '../domain/webhooks/styles.ts'
import { type Connection, readConnection } from '../start/config.ts'
import { type Mteja, MtejaClient, type MtejaError } from './client.ts'
import { withConnection } from './connection.ts'
import { untilSignal } from './signal.ts'

type WebhookStyle = keyof typeof styleRules

interface ListenFlags {
  url?: string
  key?: string
  style: WebhookStyle
  forwardTo?: string
  secret?: string
}

/** `mteja listen`. */
export function addListenCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  withConnection(program.command('listen').description('print events as they happen, and send them on as webhooks'))
    .option('--forward-to <url>', 'where to send each as a webhook, signed, one after another', readForwardUrl)
    .addOption(
      new Option('--style <style>', 'as whose webhooks: paystack or standard')
        .choices(['paystack', 'standard'])
        .default('standard'),
    )
    .option('--secret <secret>', 'whsec_… to sign with in the standard style, default a new one', readSecret)
    .action((flags: ListenFlags) => listen(readConnection(flags, environment), flags))
}

/**
 * Forwards events until SIGINT or SIGTERM. Throws MtejaError for a failure that a retry cannot change, such as a wrong
 * key.
 */
async function listen(connection: Connection, { style, forwardTo, secret }: ListenFlags): Promise<void> {
  const { baseUrl, key } = connection
  const leaving = new AbortController()
  void untilSignal().then(() => leaving.abort())
  const client = new MtejaClient({ baseUrl, token: key })
  const signWith = style === 'paystack' ? key : (secret ?? newWebhookSecret(systemRandom))
  if (forwardTo !== undefined) {
    const what = style === 'paystack' ? 'with the API key' : `with ${signWith}`
    print(`Sending to ${forwardTo} in the ${style} style, signed ${what}`)
  }
  const onOpen = () => print(`Listening to ${baseUrl}; Ctrl-C ends.`)
  try {
    // Sent on as they came, with the digits of every number.
    const options = { signal: leaving.signal, onOpen, onLost: tellLoss, parse: parseLossless }
    for await (const event of client.events.follow({ style }, options)) {
      print(`${event.createdAt}  ${event.name}  ${event.id}  ${event.customerId ?? ''}`.trimEnd())
      if (forwardTo !== undefined)
        print(`  ${await forward(event, { url: forwardTo, style, signWith }, leaving.signal)}`)
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error
  }
}

/** Sends the event as the server would deliver it. Answers the outcome in a few words. */
async function forward(
  event: Mteja.StreamedEvent,
  { url, style, signWith }: { url: string; style: WebhookStyle; signWith: string },
  signal: AbortSignal,
): Promise<string> {
  const rules = styleRules[style]
  const body = JSON.stringify(event.body)
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Mteja/1.0',
    ...rules.sign([signWith], { id: event.id, body, now: new Date() }),
  }
  const startedAt = performance.now()
  const took = () => `${Math.round(performance.now() - startedAt)} ms`
  try {
    const limits = AbortSignal.any([signal, AbortSignal.timeout(rules.timeoutMs)])
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: limits })
    await answer.arrayBuffer()
    const verdict = rules.isAcknowledged(answer.status) ? '' : ', which does not acknowledge it'
    return `→ ${answer.status} in ${took()}${verdict}`
  } catch (error) {
    return `→ no answer in ${took()}: ${reasonOf(error as Error)}`
  }
}

/** `fetch` puts the reason of a failure into `cause`, and its own message says nothing. */
function reasonOf({ message, cause }: Error): string {
  const { code, message: inner } = (cause ?? {}) as { code?: string; message?: string }
  return inner || code || message
}

function tellLoss({ message }: MtejaError): void {
  process.stderr.write(`mteja: ${message}; trying again\n`)
}

function readForwardUrl(text: string): string {
  if (/^https?:/.test(text) && URL.canParse(text)) return text
  // For an address without a scheme, as in `--forward-to localhost:3000/hooks`.
  const url = `http://${text}`
  if (/^[\w.-]+(:\d+)?(\/.*)?$/.test(text) && URL.canParse(url)) return url
  throw new InvalidArgumentError('It must be an http or https URL.')
}

function readSecret(text: string): string {
  if (/^whsec_[A-Za-z0-9+/]{16,}={0,2}$/.test(text)) return text
  throw new InvalidArgumentError('It must be whsec_ followed by base64.')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
