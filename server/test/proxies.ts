import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './server-process.ts'

/** A reverse proxy in front of a server. */
export interface Proxy {
  url: string
  close(): Promise<void>
}

/** The buffers of nginx by its defaults: eight pages. */
const gatheredBytes = 8 * 4096

/**
 * A proxy that gathers the answer as nginx does by its defaults: nothing is passed on, not even the headers, before the
 * buffers are full or the answer ends. A server asks for less with `X-Accel-Buffering: no`.
 */
export async function openGatheringProxy(origin: string): Promise<Proxy> {
  const { hostname, port } = new URL(origin)
  const proxy = http.createServer((request, response) => {
    const { method, url, headers } = request
    const asked = http.request({ hostname, port, method, path: url, headers }, (answer) => {
      const { 'x-accel-buffering': buffering, ...rest } = answer.headers
      const pass = (bytes: Buffer[]) => {
        if (!response.headersSent) response.writeHead(answer.statusCode ?? 502, rest)
        for (const each of bytes.splice(0)) response.write(each)
      }
      const held: Buffer[] = []
      answer.on('data', (bytes: Buffer) => {
        held.push(bytes)
        if (buffering === 'no' || Buffer.concat(held).length >= gatheredBytes) pass(held)
      })
      answer.on('end', () => {
        pass(held)
        response.end()
      })
      response.on('close', () => answer.destroy())
    })
    asked.on('error', () => response.destroy())
    request.pipe(asked)
  })
  const url = await listenAnywhere(proxy)
  return {
    url,
    async close() {
      proxy.close()
      proxy.closeAllConnections()
    },
  }
}

/** Listens on a free port. Answers the address. */
export async function listenAnywhere(server: http.Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

export function hasProgram(name: string): boolean {
  return spawnSync(name, ['version']).error === undefined
}

export function hasNginx(): boolean {
  return hasProgram('nginx')
}

/** nginx as it is by its defaults, where it is installed. */
export function openNginx(origin: string): Promise<Proxy> {
  return runNginx((port) => `server { listen 127.0.0.1:${port}; location / { proxy_pass ${origin}; } }`)
}

/**
 * nginx or Caddy with the example of docs/operating.md, without TLS, in front of these servers. The rest of the example
 * is run as it is written.
 */
export async function openDocumented(kind: 'nginx' | 'caddy', origins: [string, string]): Promise<Proxy> {
  const docs = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
  const fence = kind === 'nginx' ? 'nginx' : 'caddyfile'
  const [, example = ''] = new RegExp(`\`\`\`${fence}\\n([^]*?)\`\`\``).exec(docs) ?? []
  const [first, second] = origins.map((origin) => new URL(origin).host)
  const own = example.replaceAll('127.0.0.1:9001', first as string).replaceAll('127.0.0.1:9002', second as string)
  if (kind === 'nginx') {
    return runNginx((port) =>
      own.replace('listen 443 ssl', `listen 127.0.0.1:${port}`).replace(/^ *ssl_certificate.*\n/gm, ''),
    )
  }
  return runCaddy((port) => own.replace('pay.example.com', `http://127.0.0.1:${port}`))
}

async function runNginx(serversOn: (port: number) => string): Promise<Proxy> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mteja-nginx-'))
  const port = await freePort()
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  const config = `
    daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; ${places.join(' ')}
      ${serversOn(port)}
    }`
  writeFileSync(path.join(folder, 'nginx.conf'), config)
  const args = ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error.log')]
  return run('nginx', args, folder, port)
}

async function runCaddy(configOn: (port: number) => string): Promise<Proxy> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mteja-caddy-'))
  const port = await freePort()
  const file = path.join(folder, 'Caddyfile')
  writeFileSync(file, `{\n  admin off\n}\n${configOn(port)}`)
  return run('caddy', ['run', '--adapter', 'caddyfile', '--config', file], folder, port)
}

async function run(program: string, args: string[], folder: string, port: number): Promise<Proxy> {
  const proxy = spawn(program, args, { stdio: ['ignore', 'inherit', program === 'caddy' ? 'ignore' : 'inherit'] })
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => null))) {
    if (proxy.exitCode !== null) throw new Error(`${program} ended with ${proxy.exitCode}`)
    await sleep(50)
  }
  return {
    url,
    async close() {
      const ended = once(proxy, 'exit')
      proxy.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
