// Each case's commands are compared with the file of its name in expected/; test/templates compares one whole kickstart.
// `vitest run test/server/kickstart -u` refreshes them; read the difference before you commit it.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KickstartError } from '../../../server/kickstart/errors.ts'
import { renderKickstart } from '../../../server/kickstart/render.ts'
import { kickstartParts } from '../../../server/kickstart/variables.ts'
import { loadTemplates } from '../../../server/render/templates.ts'
import { CASES, inputOf, releasesOf } from '../../helpers/kickstart-cases.ts'
import type { KickstartCase } from '../../helpers/kickstart-cases.ts'

const ROOT = join(import.meta.dirname, '../../../templates')
const templates = await loadTemplates(ROOT)

/** The commands of each release, those that are alike together; then what the kickstart includes. */
function digest(one: KickstartCase): string {
  const byCommands = new Map<string, string[]>()
  for (const release of releasesOf(one)) {
    const input = inputOf(one, release)
    const { text } = renderKickstart(templates, input)
    const included = kickstartParts(input).includes.map(({ path, text: commands }) => `--- ${path}\n${commands}`)
    const commands = [text.slice(text.indexOf('\n') + 1, text.indexOf('\n%pre ')), ...included].join('\n')
    byCommands.set(commands, [...(byCommands.get(commands) ?? []), release])
  }
  return [...byCommands].map(([commands, releases]) => `=== ${releases.join(' ')}\n${commands}`).join('\n')
}

describe.each(CASES.map((one) => [one.name, one] as const))('kickstart %s', (name, one) => {
  it('has the commands it had', async () => {
    await expect(digest(one)).toMatchFileSnapshot(join(import.meta.dirname, 'expected', `${name}.ks`))
  })
})

it('is given the variables that the sample beside the template shows', async () => {
  const everything = CASES.find(({ name }) => name === 'lvm-encrypted-tpm2')!
  const { variables } = kickstartParts(inputOf(everything, 'F44'))
  await expect(`${JSON.stringify(variables, null, 2)}\n`).toMatchFileSnapshot(
    join(ROOT, 'kickstart/image-mode.sample.json'),
  )
})

it.each(['defaults', 'raid1-uefi'])('tells each problem once, whatever firmware the machine may have: %s', (name) => {
  const input = inputOf(
    CASES.find((one) => one.name === name)!,
    'F44',
  )
  const broken: typeof templates = { ...templates, render: () => 'nonsense\n' }
  const thrown = (() => {
    try {
      renderKickstart(broken, input)
    } catch (error) {
      return error as KickstartError
    }
  })()
  const messages = thrown?.problems.map(({ message }) => message) ?? []
  expect(messages).toContain('F44 has no command nonsense')
  expect(messages).toEqual([...new Set(messages)])
  expect(thrown?.message).toContain(`(and ${messages.length - 1} more)`)
})

it('is the same for the same input', () => {
  for (const one of CASES) {
    const render = () => renderKickstart(templates, inputOf(one, releasesOf(one)[0]!))
    expect(render()).toEqual(render())
  }
})

it('holds no secret but the token, where a server can be asked for it', () => {
  for (const one of CASES.filter(({ offline }) => !offline)) {
    const { text, secrets } = renderKickstart(templates, inputOf(one, releasesOf(one).at(-1)!))
    const { spec, server } = inputOf(one, 'F44')
    const { rootPassword, users, disks, registry } = spec
    const known = [
      rootPassword,
      ...users.map(({ password }) => password),
      disks.encryption?.passphrase,
      server?.pull?.token,
      ...registry.credentials.map(({ password }) => password),
    ]
    for (const secret of known.filter((value) => value !== undefined)) {
      expect(text, one.name).not.toContain(secret)
      expect(text, one.name).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1))
    }
    expect(secrets.size > 0, one.name).toBe(known.some((value) => value !== undefined))
  }
})

const filesOf = (name: string) => {
  const one = CASES.find((candidate) => candidate.name === name)!
  const { variables, secrets } = kickstartParts(inputOf(one, 'F44'))
  return { variables, secrets: new Map(secrets.map(({ path, text }) => [path, text])) }
}

it('has caches asked for what has a digest, by the installer alone', () => {
  interface WrittenFile {
    path: string
    base64: string
  }
  const { files, target, follow } = filesOf('caches').variables as unknown as {
    files: WrittenFile[]
    target: { files: WrittenFile[] }
    follow: string
  }
  const conf = (among: WrittenFile[]) =>
    Buffer.from(among.find(({ path }) => path.endsWith('50-landfall.conf'))!.base64, 'base64').toString()
  const own = `[[registry]]
location = "192.0.2.1:8443"

[[registry.mirror]]
location = "cache.example:5000"
insecure = true
pull-from-mirror = "digest-only"

[[registry.mirror]]
location = "zot.example/landfall"
pull-from-mirror = "digest-only"
`
  expect(conf(files)).toContain(own)
  expect(conf(target.files)).not.toContain('192.0.2.1')
  expect(conf(target.files)).toContain('location = "lab.example:5000/quay"\ninsecure = true\n')
  expect(follow).toBe('192.0.2.1:8443/os/web:stable')
})

it('has a login for the pull where nothing outlives the installer, and gives the target its own ones alone', () => {
  const { variables, secrets } = filesOf('private')
  const auths = (path: string) => Object.keys(JSON.parse(secrets.get(path)!).auths)
  expect(auths('/run/ostree/auth.json')).toEqual(['quay.example', '192.0.2.1:8443/os/web'])
  expect(auths('/etc/ostree/auth.json')).toEqual(['quay.example'])
  const { target } = variables as unknown as { target: { copies: { from: string }[] } }
  expect(target.copies.map(({ from }) => from)).toEqual(['/etc/ostree/auth.json', '/run/landfall/confirm.env'])
})
