// Under which address a machine reaches this server: the one it used to ask.
import type { ServerView } from './script.ts'

/** What the server calls itself, and its ports as clients see them. */
export interface ServerNames {
  name: string
  /** Used when a request does not say; a host name or IP literal. */
  defaultHost: string
  httpPort: number
  httpsPort: number
  caFingerprint: string
}

/**
 * The server's URLs with the host of the request's Host header: on a server with several links that is the address on the client's
 * link, and behind a port mapping the only one that works. A strange header yields the default.
 */
export function serverView(server: ServerNames, hostHeader: string | undefined): ServerView {
  const host = hostOf(hostHeader) ?? server.defaultHost
  return {
    name: server.name,
    http: `http://${host}:${server.httpPort}`,
    https: `https://${host}:${server.httpsPort}`,
    caFingerprint: server.caFingerprint,
  }
}

/** Host without port: a name, an IPv4 address or an IPv6 address in brackets. These end up in scripts, so nothing else passes. */
function hostOf(header: string | undefined): string | undefined {
  const match = /^([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i.exec(header ?? '')
  return match?.[1]?.toLowerCase()
}
