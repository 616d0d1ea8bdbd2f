// The two listeners, plain HTTP for firmware and TLS for everybody else: start, change of certificate, orderly stop.
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { limitConnections } from './connection-limits.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { CanonicalCaseResponse } from './header-case.ts'

type ListenErrorCode =
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_UNAVAILABLE'
  | 'PERMISSION_DENIED'
  /** The inherited socket and the configuration, from which URLs are made, name different ports. */
  | 'PORT_MISMATCH'
  | 'LISTEN_FAILED'

/** A listener that could not start; the message names address, port and configuration key. */
class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code: ListenErrorCode
  readonly hint: string | undefined

  constructor(code: ListenErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}

/** A Hono app, or anything with its `fetch`. */
interface FetchApp {
  fetch(request: Request, env?: object): Response | Promise<Response>
}

interface NamedCertificate {
  names: readonly string[]
  key: string
  certificate: string
}

export interface ListenOptions {
  app: FetchApp
  /** All interfaces when absent. */
  host?: string
  /** 0 lets the kernel choose; see {@link Listening.port}. */
  port: number
  /** A listening socket opened by the parent, on that very port. */
  fd?: number | undefined
  /** The configuration key that sets the port, for error messages: `http.port`. */
  configKey: string
  /** Key and certificate, PEM, for TLS. */
  tls?: { key: string; certificate: string }
  /** Another pair for clients that ask for one of these names; agents and whoever comes by address get the one above. */
  named?: NamedCertificate | undefined
  /**
   * Milliseconds without a byte moving after which a connection is cut. The kernel takes more only after it got rid of about a third of what
   * it holds, up to 1.3 MB: a client is dead if it does not take that much in this time.
   */
  idleTimeout?: number
  /** Milliseconds for the head of a request, from the connection on. */
  headersTimeout?: number
  connections?: ConnectionLimits
  /** Hears of the address of a client that was over its limit, once a second at most. */
  onRefused?: (address: string) => void
}

export interface Listening {
  readonly port: number
  /** Uses another key and certificate for new connections. Only for TLS. */
  replaceCertificate(tls: { key: string; certificate: string }, named?: NamedCertificate): void
  /**
   * Stops accepting, lets running answers end and cuts those that have not after `graceMs`. Long-lived answers (event streams,
   * long polls) have to be ended by their own signal first.
   */
  stop(graceMs?: number): Promise<void>
}

/** Longer than an agent's long poll (50 s) and than the heartbeat of an event stream (15 s). */
const IDLE_TIMEOUT_MS = 90_000
const HEADERS_TIMEOUT_MS = 20_000
/** How often connections are looked at for a request that takes too long to arrive. */
const HEADERS_CHECK_MS = 2_000
const KEEP_ALIVE_MS = 15_000
const GRACE_MS = 5_000
/** How often connections that became idle are closed while stopping. */
const STOP_POLL_MS = 50

/** Starts a listener; rejects with ListenError and then holds no socket. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const server = options.tls ? createTls(options, options.tls) : createPlain(options)
  if (options.connections) limitConnections(server, options.connections, options.onRefused ?? (() => {}))
  // An image upload takes as long as it takes; the idle timeout ends one that no longer moves.
  server.requestTimeout = 0
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.timeout = options.idleTimeout ?? IDLE_TIMEOUT_MS
  // Port scanners and half-spoken TLS, to whom there is nothing to tell; and spare connections of browsers that were not used in time. What is sent
  // on one of these just then is sent again after a 408 (RFC 9110 section 15.5.9), but a 400 is taken for its answer.
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, options)))
    server.listen(placeOf(options), resolve)
  })
  const { port } = server.address() as AddressInfo
  if (options.fd !== undefined && port !== options.port) {
    server.close()
    const { configKey } = options
    const message = `listening on the inherited socket of ${configKey}: it is on port ${port}, but ${configKey} says ${options.port}`
    throw new ListenError('PORT_MISMATCH', message, {
      hint: `set ${configKey} = ${port}, or the port of the socket unit`,
    })
  }
  return {
    port,
    replaceCertificate(tls, named) {
      if (!('setSecureContext' in server)) throw new TypeError('a plain listener has no certificate')
      server.setSecureContext(secureContext(tls))
      addNamed(server, named)
    },
    stop: (graceMs = GRACE_MS) => stop(server, graceMs),
  }
}

function placeOf({ host, port, fd }: ListenOptions) {
  if (fd !== undefined) return { fd }
  return { port, ...(host !== undefined && { host }) }
}

function createPlain(options: ListenOptions): Server {
  return createServer(serverOptions(options), requestListener(options.app))
}

function createTls(options: ListenOptions, tls: { key: string; certificate: string }): TlsServer {
  const common = serverOptions(options)
  // UEFI's HTTPS boot speaks TLS 1.2 at most (netboot.md section 3).
  const secure = { ...secureContext(tls), minVersion: 'TLSv1.2' as const, handshakeTimeout: common.headersTimeout }
  const server = createTlsServer({ ...common, ...secure }, requestListener(options.app))
  addNamed(server, options.named)
  return server
}

/** The newest one for a name counts. */
function addNamed(server: TlsServer, named: NamedCertificate | undefined): void {
  if (!named) return
  for (const name of named.names) server.addContext(name, { ...secureContext(named), minVersion: 'TLSv1.2' })
}

function serverOptions({ headersTimeout = HEADERS_TIMEOUT_MS }: ListenOptions) {
  const connectionsCheckingInterval = Math.min(HEADERS_CHECK_MS, headersTimeout)
  return { ServerResponse: CanonicalCaseResponse, headersTimeout, connectionsCheckingInterval }
}

function requestListener(app: FetchApp) {
  return getRequestListener((request, env) => app.fetch(request, env), { overrideGlobalObjects: false })
}

function secureContext({ key, certificate }: { key: string; certificate: string }) {
  return { key, cert: certificate }
}

async function stop(server: Server | TlsServer, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const deadline = Date.now() + graceMs
  const poll = setInterval(() => {
    if (Date.now() < deadline) server.closeIdleConnections()
    else server.closeAllConnections()
  }, STOP_POLL_MS)
  server.closeIdleConnections()
  await closed
  clearInterval(poll)
}

function listenError(cause: NodeJS.ErrnoException, { host, port, fd, configKey }: ListenOptions): ListenError {
  const place = `${host?.includes(':') ? `[${host}]` : (host ?? '*')}:${port}`
  const where = fd === undefined ? place : 'the inherited socket'
  switch (cause.code) {
    case 'EADDRINUSE':
      return new ListenError('ADDRESS_IN_USE', `listening on ${where} (${configKey}): the port is already in use`, {
        cause,
        hint: `\`ss -ltnp 'sport = :${port}'\` shows by whom; stop that program or set ${configKey} to another port`,
      })
    case 'EADDRNOTAVAIL':
      return new ListenError('ADDRESS_UNAVAILABLE', `listening on ${where}: this machine does not have the address`, {
        cause,
        hint: '`ip address` shows those it has',
      })
    case 'EACCES':
      return new ListenError('PERMISSION_DENIED', `listening on ${where} (${configKey}): not allowed`, {
        cause,
        hint: 'ports below 1024 need root or the capability CAP_NET_BIND_SERVICE',
      })
    default:
      return new ListenError('LISTEN_FAILED', `listening on ${where} (${configKey}): ${cause.message}`, { cause })
  }
}
