// What the containers tools read of registries: certificates, which may be insecure, and logins (kickstart-and-iso.md section 1.4).
import type { MachineSpec } from '../contract/spec.ts'

/** Files below /etc, the same in the installer, which pulls the image, and in the installed system, which pulls updates. */
export function registryFiles(
  { certificates, insecure }: MachineSpec['registry'],
  own: { registry: string; ca: string } | undefined,
): { path: string; text: string }[] {
  const authorities = new Map<string, string>()
  if (own) authorities.set(own.registry, own.ca)
  for (const { registry, pem } of certificates) {
    authorities.set(registry, `${authorities.get(registry) ?? ''}${pem.trim()}\n`)
  }
  const files = [...authorities].map(([registry, text]) => ({
    path: `/etc/containers/certs.d/${registry}/ca.crt`,
    text,
  }))
  if (insecure.length > 0) {
    const tables = insecure.map((registry) => `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`)
    files.push({ path: '/etc/containers/registries.conf.d/50-landfall.conf', text: tables.join('\n') })
  }
  return files
}

/** The logins as ostree reads them, or undefined when there are none. */
export function registryAuth({ credentials }: MachineSpec['registry']): string | undefined {
  if (credentials.length === 0) return undefined
  const auths = Object.fromEntries(
    credentials.map(({ registry, username, password }) => [
      registry,
      { auth: Buffer.from(`${username}:${password}`).toString('base64') },
    ]),
  )
  return `${JSON.stringify({ auths })}\n`
}
