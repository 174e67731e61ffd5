import { type Command, InvalidArgumentError, Option } from 'commander'
import { systemRandom } from '../base/ids.ts'
import { parseLossless } from '../base/lossless-json.ts'
import { newWebhookSecret } from '../domain/webhooks/signatures.ts'
import { styleRules } from '../domain/webhooks/styles.ts'
import type { Connection } from '../start/config.ts'
import { type Mteja, MtejaClient, type MtejaError } from './client.ts'
import { findServer, withConnection } from './connection.ts'
import { paint, print, printJson, tell, withJson } from './output.ts'
import { untilSignal } from './signal.ts'
import { suggest } from './suggest.ts'
import { ownNames, triggers } from './triggers.ts'

type WebhookStyle = keyof typeof styleRules

interface ListenFlags {
  url?: string
  key?: string
  style: WebhookStyle
  events?: string[]
  forwardTo?: string
  secret?: string
  json?: true
}

/** The answer of the program that an event was forwarded to. */
interface Forwarded {
  url: string
  /** Null when there was no answer. */
  status: number | null
  isAcknowledged: boolean
  durationMs: number
  /** Why there was no answer. */
  error?: string
}

/** `mteja listen`. */
export function addListenCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  withJson(withConnection(program.command('listen')))
    .description('print events as they happen, and send them on as webhooks')
    .option('--events <names>', 'only these events, separated by commas; default all', readEvents)
    .option('--forward-to <url>', 'where to send each as a webhook, signed, one after another', readForwardUrl)
    .addOption(
      new Option('--style <style>', 'as whose webhooks: paystack or standard')
        .choices(['paystack', 'standard'])
        .default('standard'),
    )
    .option('--secret <secret>', 'whsec_… to sign with in the standard style, default a new one', readSecret)
    .action(async (flags: ListenFlags) => listen(await findServer(flags, environment), flags))
}

/**
 * Forwards events until SIGINT or SIGTERM. Throws MtejaError for a failure that a retry cannot change, such as a wrong
 * key.
 */
async function listen(connection: Connection, flags: ListenFlags): Promise<void> {
  const { baseUrl, key } = connection
  const { style, events, forwardTo, secret, json } = flags
  const leaving = new AbortController()
  void untilSignal().then(() => leaving.abort())
  process.stdout.on('error', () => leaving.abort())
  const client = new MtejaClient({ baseUrl, token: key })
  const signWith = style === 'paystack' ? key : (secret ?? newWebhookSecret(systemRandom))
  // With JSON the standard output has events only.
  const say = json ? tell : print
  if (forwardTo !== undefined) {
    const what = style === 'paystack' ? 'with the API key' : `with ${signWith}`
    say(`Sending to ${forwardTo} in the ${style} style, signed ${what}`)
  }
  const onOpen = () => say(`Listening to ${baseUrl}; Ctrl-C ends.`)
  const onLost = ({ message }: MtejaError) => tell(`mteja: ${message}; trying again`)
  try {
    // Sent on as they came, with the digits of every number.
    const options = { signal: leaving.signal, onOpen, onLost, parse: parseLossless }
    for await (const event of client.events.follow({ style }, options)) {
      if (events !== undefined && !events.some((name) => isCalled(name, event))) continue
      if (!json) print(describeEvent(event))
      const target = { url: forwardTo ?? '', style, signWith }
      const forwarded = forwardTo === undefined ? undefined : await forward(event, target, leaving.signal)
      if (json) printJson({ ...event, ...(forwarded && { forwarded }) })
      else if (forwarded !== undefined) print(`  ${describeForwarded(forwarded)}`)
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error
  }
}

/** Whether an event has this name, in the style in which it came or in the other. */
function isCalled(wanted: string, { type, name }: Mteja.StreamedEvent): boolean {
  return wanted === type || wanted === name || ownNames[wanted]?.includes(type) === true
}

function describeEvent({ createdAt, name, id, customerId }: Mteja.StreamedEvent): string {
  return `${paint('dim', createdAt)}  ${paint('bold', name)}  ${id}  ${customerId ?? ''}`.trimEnd()
}

function describeForwarded({ status, durationMs, isAcknowledged, error }: Forwarded): string {
  const colour = isAcknowledged ? 'green' : 'red'
  if (status === null) return paint(colour, `→ no answer in ${durationMs} ms: ${error}`)
  const verdict = isAcknowledged ? '' : ', which does not acknowledge it'
  return paint(colour, `→ ${status} in ${durationMs} ms${verdict}`)
}

/** Sends the event as the server would deliver it. */
async function forward(
  event: Mteja.StreamedEvent,
  { url, style, signWith }: { url: string; style: WebhookStyle; signWith: string },
  signal: AbortSignal,
): Promise<Forwarded> {
  const rules = styleRules[style]
  const body = JSON.stringify(event.body)
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Mteja/1.0',
    ...rules.sign([signWith], { id: event.id, body, now: new Date() }),
  }
  const startedAt = performance.now()
  const took = () => Math.round(performance.now() - startedAt)
  try {
    const limits = AbortSignal.any([signal, AbortSignal.timeout(rules.timeoutMs)])
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: limits })
    await answer.arrayBuffer()
    const { status } = answer
    return { url, status, isAcknowledged: rules.isAcknowledged(status), durationMs: took() }
  } catch (error) {
    return { url, status: null, isAcknowledged: false, durationMs: took(), error: reasonOf(error as Error) }
  }
}

/** `fetch` puts the reason of a failure into `cause`, and its own message says nothing. */
function reasonOf({ message, cause }: Error): string {
  const { code, message: inner } = (cause ?? {}) as { code?: string; message?: string }
  return inner || code || message
}

function readEvents(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !Object.hasOwn(triggers, name))
  if (unknown === undefined) return names
  throw new InvalidArgumentError(
    `There is no event "${unknown}"${suggest(unknown, Object.keys(triggers))}; mteja trigger --list has them.`,
  )
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
