/**
 * Reads the address of a database, which may name several servers as `postgres://user@host1:5432,host2:5432/database` or, as
 * other programs also understand it, by `?host=host1,host2&port=5432,5433`. Answers one address for each server.
 */
export function readServers(databaseUrl: string): string[] {
  const [, start = '', authority = '', rest = ''] =
    /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/s.exec(databaseUrl) ?? []
  const query = /^([^?]*)\?(.*)$/s.exec(rest)
  const parameters = new URLSearchParams(query?.[2] ?? '')
  const hosts = parameters.get('host')?.split(',') ?? []
  if (hosts.length > 1) {
    const ports = parameters.get('port')?.split(',') ?? []
    return hosts.map((host, i) => {
      const own = new URLSearchParams(parameters)
      own.set('host', host)
      // One port is the port of all servers.
      const port = ports.length > 1 ? ports[i] : ports[0]
      if (port !== undefined) own.set('port', port)
      return `${start}${authority}${query?.[1]}?${own}`
    })
  }
  if (!authority.includes(',')) return [databaseUrl]
  return authority.split(',').map((host) => `${start}${host}${rest}`)
}
