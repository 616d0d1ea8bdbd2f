// The registries of the configuration, with the passwords and certificates of their files in them.
import type { UpstreamSetting } from '../contract/upstream.ts'
import { readCertificates, readSecret } from '../host/setting-files.ts'
import { OciError } from './errors.ts'
import type { Upstream } from './upstreams.ts'

/** Reads and checks all of them. Throws UPSTREAM_INVALID, which names the registry and the file. */
export function loadUpstreams(settings: readonly UpstreamSetting[]): Upstream[] {
  for (const key of ['registry', 'prefix'] as const) {
    const named = settings.filter((setting) => setting[key] !== undefined)
    const twin = named.find((setting, at) => named.findIndex((other) => other[key] === setting[key]) !== at)
    if (twin) throw invalid(twin, `there are two tables with ${key} = "${twin[key]}": keep one`)
  }
  return settings.map(load)
}

function load(setting: UpstreamSetting): Upstream {
  const { registry, mirrors, prefix, username, passwordFile, ca, proxy, lookaside, insecure } = setting
  return {
    registry,
    mirrors,
    insecure,
    ...(prefix !== undefined && { prefix }),
    ...(proxy !== undefined && { proxy }),
    ...(lookaside !== undefined && { lookaside }),
    ...(username !== undefined &&
      passwordFile !== undefined && {
        credentials: { username, password: taken(setting, 'passwordFile', () => readSecret(passwordFile)) },
      }),
    // Downloads are often redirected to a storage of somebody else, whom the well-known CAs vouch for.
    ...(ca !== undefined && { ca: taken(setting, 'ca', () => readCertificates(ca)).join('\n') }),
  }
}

function taken<T>(setting: UpstreamSetting, key: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw invalid(setting, `${key}: ${(cause as Error).message}`, cause)
  }
}

function invalid({ registry }: UpstreamSetting, why: string, cause?: unknown): OciError {
  const hint = 'docs/how-to/mirror-images.md says what a registry may need'
  return new OciError('UPSTREAM_INVALID', `images.upstreams: ${registry}: ${why}`, { cause, hint })
}
