// What the boot script, or the boot menu of a medium, told the installer on the kernel command line.
import { Mac } from '../../server/contract/common.ts'
import { AgentError } from './errors.ts'

/** A server, how to know that it is the right one, and the secret that lets this machine in. */
export interface ServerArguments {
  /** Origin of agent API and registry: `https://192.0.2.1:8443`. */
  url: string
  /** Origin of plain HTTP boot files, where the CA certificate lies: `http://192.0.2.1:8080`. */
  http: string
  /** SHA-256 of the CA certificate's DER, lower-case hex. */
  ca: string
  /** Install token; on a medium, join token. */
  token: string
}

export interface MediumArguments {
  /** Volume id of the medium that started this machine. */
  label: string
  /** Ask the person at the console before anything is written. */
  confirm: boolean
}

export interface AgentArguments {
  /** MAC of the NIC that booted, from BOOTIF. */
  bootMac: string | undefined
  source: ({ kind: 'server' } & ServerArguments) | ({ kind: 'medium' } & MediumArguments)
}

/** Reads the agent's arguments; throws AgentError naming the first one that is missing or malformed. */
export function parseArguments(commandLine: string): AgentArguments {
  const words = splitCommandLine(commandLine)
  const values = new Map<string, string>()
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals > 0) values.set(word.slice(0, equals), word.slice(equals + 1))
  }
  const required = (name: string, valid: RegExp, example: string): string => {
    const value = values.get(name)
    if (value === undefined || !valid.test(value)) {
      const problem =
        value === undefined ? `${name} is missing` : `${name}=${name.endsWith('token') ? '…' : value} is malformed`
      throw new AgentError('INTERNAL', `reading the kernel command line: ${problem}, want ${name}=${example}`, {
        hint: 'boot this machine through Landfall; its boot script sets these arguments',
      })
    }
    return value
  }
  const bootMac = parseBootif(values.get('BOOTIF'))
  if (values.has('landfall.medium')) {
    // A volume id that needs no escaping in ISO 9660, GRUB, udev and here.
    const label = required('landfall.medium', /^[A-Z0-9_]{1,32}$/, '<volume id of the medium>')
    return { bootMac, source: { kind: 'medium', label, confirm: words.includes('landfall.confirm') } }
  }
  return {
    bootMac,
    source: {
      kind: 'server',
      url: required('landfall.url', /^https:\/\/[^/\s]+\/?$/, 'https://ADDRESS:8443').replace(/\/$/, ''),
      http: required('landfall.http', /^http:\/\/[^/\s]+\/?$/, 'http://ADDRESS:8080').replace(/\/$/, ''),
      ca: required('landfall.ca', /^[0-9a-fA-F]{64}$/, '<sha256 of the CA certificate>').toLowerCase(),
      token: required('landfall.token', /^\S+$/, '<install token>'),
    },
  }
}

/** `01-52-54-00-12-34-56` (hardware type 01, Ethernet, then the MAC) as PXELINUX writes it; also without the type. */
export function parseBootif(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const mac = Mac.safeParse(/^[0-9a-f]{2}([-:][0-9a-f]{2}){6}$/i.test(text) ? text.slice(3) : text)
  return mac.success ? mac.data : undefined
}

/** The kernel's own splitting: blanks separate, double quotes protect blanks and vanish. */
function splitCommandLine(text: string): string[] {
  return (text.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''))
}
