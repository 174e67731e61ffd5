import type { FastifyServerOptions } from 'fastify'

/**
 * What is logged of an error and a request: never a body, an address with its values or a database's detail line, all of
 * which may hold a customer's data.
 */
export function logOptions(level: string): FastifyServerOptions['logger'] {
  return {
    level,
    serializers: {
      err: describeError as never,
      req: (request) => ({ method: request.method, route: request.routeOptions?.url }),
    },
  }
}

function describeError(error: Error & { code?: string; constraint?: string; table?: string }) {
  const { name, message, stack, code, constraint, table } = error
  // A database error's message may quote a value; its code, constraint and place tell enough.
  const quoting = code !== undefined && /^[0-9A-Z]{5}$/.test(code)
  return {
    type: name,
    message: quoting ? `database error ${code}` : message,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(table === undefined ? {} : { table }),
    stack: quoting ? stack?.split('\n').slice(1).join('\n') : stack,
  }
}
