// No value of any field can change what a kickstart is made of: it is written faithfully, or refused.
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PartialSpec } from '../../../server/contract/spec.ts'
import { KickstartError } from '../../../server/kickstart/errors.ts'
import { optionsOf, parseKickstart } from '../../../server/kickstart/parse.ts'
import { renderKickstart } from '../../../server/kickstart/render.ts'
import { kickstartParts } from '../../../server/kickstart/variables.ts'
import { RenderError } from '../../../server/render/errors.ts'
import { loadTemplates } from '../../../server/render/templates.ts'
import { inputOf } from '../../helpers/kickstart-cases.ts'

const templates = await loadTemplates(join(import.meta.dirname, '../../../templates'))

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '"',
        "'",
        '#',
        '$',
        '$(reboot)',
        '`id`',
        '\\',
        '\n',
        '\r',
        '\n%end\n',
        '%post',
        '%include /x',
        '-',
        '--x=',
        ' ',
        'ü',
        '日',
        '\u2028',
        '{{x}}',
        ';',
        '&&',
        '<',
        '=',
        'LANDFALL\n',
        '\0',
        'a',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
)

/** Every field that takes more than a fixed word, with what it is to be read back from. */
const FIELDS: Record<string, (value: string) => unknown> = {
  hostname: (value) => ({ hostname: value }),
  rootPassword: (value) => ({ rootPassword: value }),
  'hash behind its prefix': (value) => ({ rootPassword: `$6$${value}` }),
  rootSshKeys: (value) => ({ rootSshKeys: [`ssh-ed25519 AAAA ${value}`] }),
  'users.name': (value) => ({ users: [{ name: value }] }),
  'users.groups': (value) => ({ users: [{ name: 'ada', groups: [value] }] }),
  'users.comment': (value) => ({ users: [{ name: 'ada', comment: value }] }),
  'users.home': (value) => ({ users: [{ name: 'ada', home: `/${value}` }] }),
  'users.shell': (value) => ({ users: [{ name: 'ada', shell: `/${value}` }] }),
  'groups.name': (value) => ({ groups: [{ name: value }] }),
  kernelArguments: (value) => ({ kernelArguments: [value] }),
  consoles: (value) => ({ consoles: [value] }),
  timezone: (value) => ({ timezone: value }),
  timeServers: (value) => ({ timeServers: [value] }),
  language: (value) => ({ language: value }),
  keyboard: (value) => ({ keyboard: value }),
  'services.enabled': (value) => ({ services: { enabled: [value] } }),
  'firewall.services': (value) => ({ firewall: { mode: 'enabled', services: [value] } }),
  'disks.disk.byId': (value) => ({ disks: { disk: { byId: value } } }),
  'disks.disk.serial': (value) => ({ disks: { disk: { serial: value } } }),
  'disks.volumes.mount': (value) => ({
    disks: {
      volumes: [
        { mount: '/var', size: 2 ** 30 },
        { mount: `/var/${value}`, size: 2 ** 30 },
      ],
    },
  }),
  'disks.encryption.passphrase': (value) => ({ disks: { encryption: { passphrase: value } } }),
  'network.bond.name': (value) => ({
    network: [{ macs: ['52:54:00:12:34:56'], bond: { name: value, mode: 'active-backup' } }],
  }),
  'network.bond.options': (value) => ({
    network: [{ macs: ['52:54:00:12:34:56'], bond: { mode: 'active-backup', options: { miimon: value } } }],
  }),
  'registry.credentials.username': (value) => ({
    registry: { credentials: [{ registry: 'a', username: value, password: value || 'x' }] },
  }),
  'registry.certificates.registry': (value) => ({
    registry: { certificates: [{ registry: value, pem: '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----' }] },
  }),
  'registry.certificates.pem': (value) => ({
    registry: {
      certificates: [{ registry: 'a', pem: `-----BEGIN CERTIFICATE-----\n${value}\n-----END CERTIFICATE-----` }],
    },
  }),
  'registry.insecure': (value) => ({ registry: { insecure: [value] } }),
  'kickstart.pre': (value) => ({ kickstart: { pre: `x${value}` } }),
  'kickstart.post': (value) => ({ kickstart: { post: `x${value}` } }),
  'kickstart.variables': (value) => ({ kickstart: { variables: { note: value } } }),
}

/** Harmless values, where just any word will not do. */
const TAME: Record<string, string> = {
  rootPassword: '$6$salt$hash',
  language: 'de_DE.UTF-8',
  'disks.encryption.passphrase': 'long enough',
}

/** What a kickstart is made of: names of commands with their options, sections with their options and number of lines. */
function structure(text: string) {
  const { commands, sections, includes, problems } = parseKickstart(text)
  return {
    commands: commands.map((command) => [command.name, ...optionsOf(command).keys()].join(' ')),
    sections: sections.map(({ name, words, body }) => [name, ...words, body.length].join(' ')),
    includes,
    problems,
  }
}

/** The structure of what a spec makes, or undefined when it is refused on the way. */
function made(spec: unknown, offline: boolean) {
  const parsed = PartialSpec.safeParse(spec)
  if (!parsed.success) return undefined
  try {
    const input = inputOf({ name: 'nasty', spec: parsed.data, offline }, 'F44')
    const { text } = renderKickstart(templates, input)
    return [text, ...kickstartParts(input).includes.map((file) => file.text)].map(structure)
  } catch (error) {
    if (error instanceof KickstartError || error instanceof RenderError) return undefined
    throw error
  }
}

describe.each(Object.entries(FIELDS))('the structure of a kickstart does not depend on %s', (name, field) => {
  it.each([false, true])('(without a server: %s)', (offline) => {
    const tame = made(field(TAME[name] ?? 'tame'), offline)
    expect(tame, 'a harmless value is accepted').toBeDefined()
    fc.assert(
      fc.property(nasty, (value) => {
        const outcome = made(field(value), offline)
        if (outcome !== undefined) expect(outcome).toEqual(tame)
      }),
      { numRuns: 150 },
    )
  })
})
