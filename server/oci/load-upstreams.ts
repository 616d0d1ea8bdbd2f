// The registries of the configuration, with the passwords and certificates of their files in them.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import type { UpstreamSetting } from '../contract/upstream.ts'
import { OciError } from './errors.ts'
import type { Upstream } from './upstreams.ts'

/** The bundle of a whole distribution has a quarter of it. */
const MAX_FILE_BYTES = 2 ** 20

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
  const { registry, mirrors, prefix, username, passwordFile, ca, proxy, insecure } = setting
  return {
    registry,
    mirrors,
    insecure,
    ...(prefix !== undefined && { prefix }),
    ...(proxy !== undefined && { proxy }),
    ...(username !== undefined &&
      passwordFile !== undefined && { credentials: { username, password: password(setting, passwordFile) } }),
    ...(ca !== undefined && { ca: certificates(setting, ca) }),
  }
}

function password(setting: UpstreamSetting, file: string): string {
  const text = read(setting, 'passwordFile', file).replace(/\r?\n$/, '')
  if (text === '') throw invalid(setting, `passwordFile ${file} is empty`)
  return text
}

/** Those of the file and those that any registry is trusted by: downloads are often redirected to a storage of somebody else. */
function certificates(setting: UpstreamSetting, file: string): string {
  const text = read(setting, 'ca', file)
  try {
    new X509Certificate(text)
  } catch (cause) {
    throw invalid(setting, `ca ${file} holds no certificate (PEM)`, cause)
  }
  return [text, ...rootCertificates].join('\n')
}

function read(setting: UpstreamSetting, key: string, file: string): string {
  try {
    const { size } = statSync(file)
    if (size > MAX_FILE_BYTES) throw new Error(`${file}: ${size} bytes are too many`)
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw invalid(setting, `${key}: ${(cause as Error).message}`, cause)
  }
}

function invalid({ registry }: UpstreamSetting, why: string, cause?: unknown): OciError {
  const hint = 'docs/how-to/mirror-images.md says what a registry may need'
  return new OciError('UPSTREAM_INVALID', `images.upstreams: ${registry}: ${why}`, { cause, hint })
}
