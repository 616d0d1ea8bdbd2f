// What the containers tools read of registries: certificates, mirrors, which may be insecure, and logins (kickstart-and-iso.md section 1.4).
import type { MachineSpec } from './spec.ts'

/** Files below /etc, the same in the installer, which pulls the image, and in the installed system, which pulls updates. */
export function registryFiles(
  registry: MachineSpec['registry'],
  own: { registry: string; ca: string } | undefined,
): { path: string; text: string }[] {
  const authorities = new Map<string, string>()
  if (own) authorities.set(own.registry, own.ca)
  for (const { registry: name, pem } of registry.certificates) {
    authorities.set(name, `${authorities.get(name) ?? ''}${pem.trim()}\n`)
  }
  const files = [...authorities].map(([name, text]) => ({ path: `/etc/containers/certs.d/${name}/ca.crt`, text }))
  const tables = registryTables(registry)
  if (tables.length > 0) {
    files.push({ path: '/etc/containers/registries.conf.d/50-landfall.conf', text: tables.join('\n') })
  }
  return files
}

/** containers-registries.conf(5): one table for each registry, with its mirrors in their order. */
function registryTables({ insecure, mirrors }: MachineSpec['registry']): string[] {
  const insecurity = (name: string) => (insecure.includes(name.replace(/\/.*$/, '')) ? 'insecure = true\n' : '')
  return [...new Set([...insecure, ...mirrors.map(({ registry }) => registry)])].map((name) =>
    [
      `[[registry]]\nlocation = "${name}"\n${insecurity(name)}`,
      ...mirrors
        .filter(({ registry }) => registry === name)
        .map(({ mirror }) => `\n[[registry.mirror]]\nlocation = "${mirror}"\n${insecurity(mirror)}`),
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
