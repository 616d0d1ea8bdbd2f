// What the containers tools read of registries: certificates, mirrors, which may be insecure, and logins (kickstart-and-iso.md section 1.4).
import type { MachineSpec } from './spec.ts'

/** Under this name an installer asks for its own logins, those of the pull included. */
export const INSTALLER_AUTH = 'installer-auth.json'

/**
 * Files below /etc for the installer, which pulls the image, and for the installed system, which pulls updates. `caches` are asked before our own
 * registry for what is named by digest, and so cannot be anything else.
 */
export function registryFiles(
  registry: MachineSpec['registry'],
  own: { registry: string; ca: string } | undefined,
  caches: readonly string[] = [],
): { path: string; text: string }[] {
  const authorities = new Map<string, string>()
  if (own) authorities.set(own.registry, own.ca)
  for (const { registry: name, pem } of registry.certificates) {
    authorities.set(name, `${authorities.get(name) ?? ''}${pem.trim()}\n`)
  }
  const files = [...authorities].map(([name, text]) => ({ path: `/etc/containers/certs.d/${name}/ca.crt`, text }))
  const tables = registryTables(registry, own === undefined ? [] : caches.map((url) => cacheOf(own.registry, url)))
  if (tables.length > 0) {
    files.push({ path: '/etc/containers/registries.conf.d/50-landfall.conf', text: tables.join('\n') })
  }
  return files
}

interface Mirror {
  registry: string
  mirror: string
  /** Lines besides its location. */
  more: string
}

function cacheOf(registry: string, url: string): Mirror {
  const { host, pathname, protocol } = new URL(url)
  const insecurity = protocol === 'http:' ? 'insecure = true\n' : ''
  return {
    registry,
    mirror: host + pathname.replace(/\/+$/, ''),
    more: `${insecurity}pull-from-mirror = "digest-only"\n`,
  }
}

/** containers-registries.conf(5): one table for each registry, with its mirrors in their order. */
function registryTables({ insecure, mirrors }: MachineSpec['registry'], caches: readonly Mirror[]): string[] {
  const insecurity = (name: string) => (insecure.includes(name.replace(/\/.*$/, '')) ? 'insecure = true\n' : '')
  const places = [...caches, ...mirrors.map((one) => ({ ...one, more: insecurity(one.mirror) }))]
  return [...new Set([...insecure, ...places.map(({ registry }) => registry)])].map((name) =>
    [
      `[[registry]]\nlocation = "${name}"\n${insecurity(name)}`,
      ...places
        .filter(({ registry }) => registry === name)
        .map(({ mirror, more }) => `\n[[registry.mirror]]\nlocation = "${mirror}"\n${more}`),
    ].join(''),
  )
}

/** The logins as ostree reads them, or undefined when there are none. */
export function registryAuth({ credentials }: Pick<MachineSpec['registry'], 'credentials'>): string | undefined {
  if (credentials.length === 0) return undefined
  const auths = Object.fromEntries(
    credentials.map(({ registry, username, password }) => [
      registry,
      { auth: btoa(String.fromCodePoint(...new TextEncoder().encode(`${username}:${password}`))) },
    ]),
  )
  return `${JSON.stringify({ auths })}\n`
}
