// Under which names and addresses clients may reach this server.
import { hostname, networkInterfaces } from 'node:os'

/**
 * Host name, localhost and every address of this machine, then `extra` (names from the configuration), each once. Link-local
 * IPv6 addresses are left out: they mean nothing without a zone, which certificates cannot hold.
 */
export function servedNames(extra: readonly string[] = []): [string, ...string[]] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.toLowerCase().startsWith('fe80:'))
  const rest = [hostname().toLowerCase(), '127.0.0.1', '::1', ...addresses, ...extra].filter(isCertifiable)
  return ['localhost', ...new Set(rest.filter((name) => name !== 'localhost'))]
}

/** IP literals and host names of RFC 1123; a host may be called anything, a certificate may not. */
function isCertifiable(name: string): boolean {
  return /^[0-9a-f:.]+$/i.test(name) || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(name)
}
