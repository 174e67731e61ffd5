import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

export function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** nginx as it is by its defaults, where it is installed. */
export async function openNginx(origin: string): Promise<Proxy> {
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
      server { listen 127.0.0.1:${port}; location / { proxy_pass ${origin}; } }
    }`
  writeFileSync(path.join(folder, 'nginx.conf'), config)
  const nginx = spawn(
    'nginx',
    ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error.log')],
    {
      stdio: 'inherit',
    },
  )
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => null))) await sleep(50)
  return {
    url,
    async close() {
      const ended = once(nginx, 'exit')
      nginx.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
