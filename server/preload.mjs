/**
 * Sends every request for api.paystack.co to the address in PAYSTACK_API_URL instead. So a program whose client has a
 * hard-coded address runs unchanged against another server:
 *
 *     PAYSTACK_API_URL=http://127.0.0.1:9000 node --import mteja/preload app.mjs
 *
 * The address is read at each request. A request for any other host stays as it is. Plain JavaScript, because it runs on
 * the Node of the program, from 20 on, and also from a clone without a build.
 */
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'
import { urlToHttpOptions } from 'node:url'

const paystackHost = 'api.paystack.co'

/** @typedef {[urlOrOptions: string | URL | https.RequestOptions, ...rest: unknown[]]} RequestArguments */

function readTarget() {
  const target = process.env.PAYSTACK_API_URL
  if (!target) throw new Error(`A request for ${paystackHost} was made while PAYSTACK_API_URL is not set`)
  if (/^https?:/i.test(target) && URL.canParse(target)) return new URL(target)
  throw new Error(`PAYSTACK_API_URL must be an address such as http://127.0.0.1:9000, not ${JSON.stringify(target)}`)
}

/** The address without a slash at its end, and the path that the program asked for. */
function redirect(/** @type {string} */ path) {
  const target = readTarget()
  return new URL(`${target.href.replace(/\/+$/, '')}${path}`)
}

/**
 * The arguments of https.request as one set of options. It takes a URL, options or both before its callback.
 *
 * @param {RequestArguments} args
 * @returns {https.RequestOptions}
 */
function readOptions([first, second]) {
  if (typeof first !== 'string' && !(first instanceof URL)) return first
  const options = typeof second === 'object' ? second : {}
  return { ...urlToHttpOptions(new URL(first)), ...options }
}

/** @typedef {(...args: RequestArguments) => http.ClientRequest} Send */
const requestOverTls = /** @type {Send} */ (https.request)
const requestPlain = /** @type {Send} */ (http.request)

/** @param {RequestArguments} args */
function request(...args) {
  const options = readOptions(args)
  if ((options.hostname ?? options.host) !== paystackHost) return requestOverTls(...args)
  const { protocol, hostname, port, path } = urlToHttpOptions(redirect(options.path ?? '/'))
  const callback = args.find((argument) => typeof argument === 'function')
  // Without the options of a connection by TLS: its agent refuses a plain connection.
  const { agent: _agent, servername: _servername, defaultPort: _defaultPort, ...rest } = options
  const send = protocol === 'https:' ? requestOverTls : requestPlain
  const redirected = { ...rest, protocol, host: hostname, hostname, port, path }
  return send(/** @type {https.RequestOptions} */ (redirected), callback)
}

/** @param {RequestArguments} args */
function get(...args) {
  const sent = request(...args)
  sent.end()
  return sent
}

const fetchAnywhere = globalThis.fetch

/**
 * @param {string | URL | Request} input
 * @param {RequestInit} [init]
 */
function fetchRedirected(input, init) {
  const url = new URL(input instanceof Request ? input.url : input)
  if (url.hostname !== paystackHost) return fetchAnywhere(input, init)
  const redirected = redirect(url.pathname + url.search)
  return fetchAnywhere(input instanceof Request ? new Request(redirected, input) : redirected, init)
}

https.request = /** @type {typeof https.request} */ (request)
https.get = /** @type {typeof https.get} */ (get)
globalThis.fetch = /** @type {typeof fetch} */ (fetchRedirected)
syncBuiltinESMExports()
