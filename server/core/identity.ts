// What tells one machine from another, and which of the values firmware reports may be believed.

/** As a client showed it; any part may be missing or junk. */
export interface Identity {
  /** `52:54:00:12:34:56`, any case. */
  mac?: string | undefined
  /** SMBIOS UUID as dmidecode prints it, any case. */
  uuid?: string | undefined
  /** SMBIOS system serial number. */
  serial?: string | undefined
}

/** The believable part of an identity, normalised. */
export interface PlausibleIdentity {
  mac?: string
  /** UUID and serial together: either alone is known to repeat within a delivery of boards. */
  smbios?: string
}

/** Vendors' placeholders; each was seen in the field on thousands of unlike machines. */
const JUNK_SERIALS = new Set([
  'to be filled by o.e.m.',
  'to be filled by oem',
  'to be filled',
  'default string',
  'default',
  'system serial number',
  'chassis serial number',
  'serial number',
  'serial',
  'not specified',
  'not applicable',
  'not available',
  'not present',
  'none',
  'null',
  'n/a',
  'na',
  'o.e.m.',
  'oem',
  'oem serial',
  'empty',
  'invalid',
  'unknown',
  'standard',
  'type1family',
  '0123456789',
  '123456789',
  '1234567890',
  '12345678',
  'xxxxxxxxxxxx',
])

const JUNK_UUIDS = new Set([
  // AMI's sample value, in both byte orders.
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '12345678-1234-1234-1234-123456789012',
  '01234567-89ab-cdef-0123-456789abcdef',
])

/** Fewer different digits than this look made up; a random UUID has fewer once in ten million. */
const MIN_UUID_DIGITS = 5

const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** Keeps what can identify a machine. Both parts are absent when nothing can. */
export function plausibleIdentity({ mac, uuid, serial }: Identity): PlausibleIdentity {
  const goodMac = plausibleMac(mac)
  const goodUuid = plausibleUuid(uuid)
  const goodSerial = plausibleSerial(serial)
  return {
    ...(goodMac && { mac: goodMac }),
    ...(goodUuid && goodSerial && { smbios: `${goodUuid}/${goodSerial}` }),
  }
}

/** The MAC in lower case with colons, unless it is a group address or all zeros. */
export function plausibleMac(text: string | undefined): string | undefined {
  const mac = text?.trim().toLowerCase().replaceAll('-', ':')
  if (mac === undefined || !MAC.test(mac) || mac === '00:00:00:00:00:00') return undefined
  // The lowest bit of the first octet marks group addresses, broadcast among them (IEEE 802).
  return Number.parseInt(mac.slice(0, 2), 16) & 1 ? undefined : mac
}

/** The UUID in lower case, unless it is a placeholder. */
export function plausibleUuid(text: string | undefined): string | undefined {
  const uuid = text?.trim().toLowerCase()
  if (uuid === undefined || !UUID.test(uuid) || JUNK_UUIDS.has(uuid)) return undefined
  return new Set(uuid.replaceAll('-', '')).size < MIN_UUID_DIGITS ? undefined : uuid
}

/** The serial without outer blanks, unless it is a placeholder. */
export function plausibleSerial(text: string | undefined): string | undefined {
  const serial = text?.trim()
  if (!serial || serial.length < 3 || JUNK_SERIALS.has(serial.toLowerCase())) return undefined
  return new Set(serial.toLowerCase().replaceAll(/[\s._-]/g, '')).size < 2 ? undefined : serial
}
