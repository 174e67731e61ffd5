/**
 * Sends every request for api.paystack.co to the address in PAYSTACK_API_URL instead. So a client with a hard-coded
 * host runs unchanged against another server: `PAYSTACK_API_URL=http://127.0.0.1:9000 node --import ./preload.ts
 * app.js`. The address is read at each request. A request for any other host stays as it is.
 */
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { urlToHttpOptions } from 'node:url'

const paystackHost = 'api.paystack.co'

function readTarget(): URL {
  const target = process.env.PAYSTACK_API_URL
  if (!target) throw new Error(`A request for ${paystackHost} was made while PAYSTACK_API_URL is not set`)
  return new URL(target)
}

type OnResponse = (response: IncomingMessage) => void
type RequestArguments = [urlOrOptions: string | URL | RequestOptions, ...rest: unknown[]]

/** The arguments of https.request as one set of options. It takes a URL, options or both before its callback. */
function readOptions([first, second]: RequestArguments): RequestOptions {
  if (typeof first !== 'string' && !(first instanceof URL)) return first
  const options = typeof second === 'object' ? second : {}
  return { ...urlToHttpOptions(new URL(first)), ...options }
}

const requestOverTls = https.request as (...args: RequestArguments) => ClientRequest

function request(...args: RequestArguments): ClientRequest {
  const options = readOptions(args)
  if ((options.hostname ?? options.host) !== paystackHost) return requestOverTls(...args)
  const { hostname, port } = readTarget()
  const callback = args.find((argument): argument is OnResponse => typeof argument === 'function')
  // Without the agent, because an agent for TLS refuses a plain connection.
  const { agent: _, ...rest } = options
  return http.request({ ...rest, protocol: 'http:', host: hostname, hostname, port }, callback)
}

const fetchAnywhere = globalThis.fetch

function fetchRedirected(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input)
  if (url.hostname !== paystackHost) return fetchAnywhere(input, init)
  const redirected = new URL(url.pathname + url.search, readTarget())
  return fetchAnywhere(input instanceof Request ? new Request(redirected, input) : redirected, init)
}

https.request = request as typeof https.request
globalThis.fetch = fetchRedirected as typeof fetch
syncBuiltinESMExports()
