// Building blocks that several schemas share: digests, addresses, timestamps.
import { z } from 'zod'

/** `sha256:` and 64 lower-case hex digits, as in the OCI descriptor specification. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256:<64 lower-case hex digits>')

/** Ethernet address in lower case with colons; other common spellings are accepted and normalised. */
export const Mac = z
  .string()
  .trim()
  .toLowerCase()
  .transform((text) => text.replaceAll('-', ':'))
  .pipe(z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'must be a MAC address like 52:54:00:12:34:56'))

/** UUID in lower case, as dmidecode prints SMBIOS UUIDs. */
export const Uuid = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/, 'must be a UUID')

/** Instant in UTC, ISO 8601 with milliseconds: `2026-01-31T12:00:00.000Z`. */
export const Timestamp = z.iso.datetime()

export const Architecture = z.enum(['amd64', 'arm64'])
export type Architecture = z.infer<typeof Architecture>
/** What a machine is taken for until it has told. */
export const DEFAULT_ARCHITECTURE: Architecture = 'amd64'

export const Firmware = z.enum(['uefi', 'bios'])
export type Firmware = z.infer<typeof Firmware>

/** RFC 1123 host name, at most 253 characters. */
export const Hostname = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i,
    'must be a host name: letters, digits, hyphens and dots',
  )

export const AccountName = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a Linux user or group name')

/** Labels for people and selectors: `rack=r12`. Values may be empty. */
export const Labels = z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/), z.string().max(255))
export type Labels = z.infer<typeof Labels>
