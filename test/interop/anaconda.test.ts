// An install by Anaconda, from the boot script to the first boot, against the real server: see fake-anaconda.ts for who plays Anaconda.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Install } from '../../server/contract/install.ts'
import type { Machine } from '../../server/contract/machine.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import { FakeAnaconda } from './fake-anaconda.ts'
import { serve, type Served } from './serve.ts'

const run = promisify(execFile)
const GIB = 2 ** 30
const DISKS = [
  { name: 'sda', serial: 'SYS-1', size: 400 * GIB },
  { name: 'sdb', serial: 'DATA-1', size: 4000 * GIB },
]
const isRoot = process.getuid?.() === 0

let folder: string
let server: Served
let mediaId: string
let digest: string
let last = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-anaconda-test-'))
  const config = join(folder, 'landfall.toml')
  await writeFile(config, '[images]\npublic = ["os/**"]\n')
  server = await serve(join(folder, 'data'), { flags: ['--address', '127.0.0.1', '--config', config] })
  const layout = join(folder, 'image')
  digest = (await writeTinyImage(layout, { labels: { 'containers.bootc': '1' } })).descriptor.digest
  for (const name of ['os/web:1', 'private/web:1']) await server.cli('image', 'import', layout, '--as', name)
  const iso = join(folder, 'boot.iso')
  await writeBootIso(iso, { product: 'Fedora', version: '44' })
  const imported = await server.cli('media', 'import', iso, '--output', 'json')
  expect(imported.code, imported.stderr).toBe(0)
  mediaId = (JSON.parse(imported.stdout) as { id: string }[])[0]!.id
}, 600_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function machineWith(specFor: object | ((mac: string) => object), image = 'os/web:1') {
  const mac = `52:54:00:a0:00:${(++last).toString(16).padStart(2, '0')}`
  const spec = typeof specFor === 'function' ? (specFor as (mac: string) => object)(mac) : specFor
  const { id } = (await (
    await server.send('POST', '/api/v1/machines', { macs: [mac], name: `m${last}` })
  ).json()) as Machine
  const assigned = await server.send('POST', '/api/v1/machines/bulk', {
    machines: [id],
    action: { type: 'assign', image, spec: { installer: 'anaconda', media: mediaId, ...spec } },
  })
  const { results } = (await assigned.json()) as { results: { installId: string; error: unknown }[] }
  expect(results[0]!.error).toBeNull()
  return { id, mac, installId: results[0]!.installId }
}

async function installOf(id: string): Promise<Install> {
  return (await (await server.api('GET', `/api/v1/installs/${id}`)).json()) as Install
}

async function logOf(id: string): Promise<string[]> {
  const { items } = (await (await server.api('GET', `/api/v1/installs/${id}/log`)).json()) as {
    items: { text: string }[]
  }
  return items.map(({ text }) => text)
}

describe.skipIf(!isRoot)(`an install by Anaconda${isRoot ? '' : ' (skipped: needs root)'}`, () => {
  it('goes from the boot script to the confirmed digest, with its secrets over TLS', async () => {
    const { id, mac, installId } = await machineWith((own: string) => ({
      hostname: 'web-01.example.com',
      rootPassword: '$6$salt$hash',
      users: [{ name: 'ada', groups: ['wheel'], sshKeys: ['ssh-ed25519 AAAA ada'] }],
      disks: { disk: { serial: 'SYS-1' }, encryption: { passphrase: 'correct "horse"' } },
      network: [{ macs: [own], bond: { mode: 'active-backup' } }],
      registry: {
        credentials: [{ registry: 'quay.example', username: 'me', password: 'secret' }],
        insecure: ['lab:5000'],
      },
      kickstart: { pre: 'echo before >/tmp/site-pre', post: 'echo "after %end" >/tmp/site-post' },
    }))
    await using anaconda = await FakeAnaconda.start({ mac, disks: DISKS })
    const { kernel, initrd } = anaconda.readScript(await server.script(mac))
    for (const url of [kernel, initrd]) {
      const head = await anaconda.curl(url, ['--head'])
      expect(head.status).toBe(200)
      expect(head.headers).toMatch(/^Content-Length: \d+\r$/m)
    }
    expect(await anaconda.fetchTree()).toEqual({
      '.treeinfo': 200,
      'images/install.img': 206,
      'images/updates.img': 404,
      'images/product.img': 404,
    })

    const first = await anaconda.fetchKickstart()
    expect(first.status).toBe(200)
    expect((await anaconda.fetchKickstart()).body, 'a retried request is answered alike').toBe(first.body)
    expect(first.body).not.toMatch(/horse|\$6\$salt|me:secret/)
    expect((await installOf(installId)).state).toBe('running')

    await anaconda.runSections('%pre')
    expect(await anaconda.read('tmp/landfall-storage.ks')).toMatch(/^ignoredisk --only-use=\/dev\/sda$/m)
    expect(await anaconda.read('tmp/landfall-storage.ks')).toMatch(/^part \/ .*--passphrase="correct \\"horse\\""$/m)
    expect(await anaconda.read('tmp/landfall-network.ks')).toContain('--bondslaves=eno1 ')
    expect(await anaconda.read('tmp/landfall-accounts.ks')).toBe('rootpw "$6$salt$hash" --iscrypted\n')
    expect(JSON.parse(await anaconda.read('etc/ostree/auth.json'))).toEqual({
      auths: { 'quay.example': { auth: Buffer.from('me:secret').toString('base64') } },
    })
    expect(await anaconda.read(`etc/containers/certs.d/127.0.0.1:${server.ports.https}/ca.crt`)).toBe(server.access.ca)
    expect(await anaconda.read('etc/containers/registries.conf.d/50-landfall.conf')).toContain('location = "lab:5000"')
    expect(await anaconda.read('tmp/site-pre')).toBe('before\n')
    await anaconda.log('12:00:00,000 INF threading: Task started: Deploy the image\n')
    await anaconda.runSections('%pre-install')
    await waitFor(async () => (await logOf(installId)).includes('Task started: Deploy the image'))
    const fetching = (await installOf(installId)).steps.find(({ name }) => name === 'fetch')
    expect(fetching).toMatchObject({ state: 'running', message: 'Task started: Deploy the image' })

    await anaconda.runSections('%post')
    expect(await anaconda.read('tmp/site-post')).toBe('after %end\n')
    const left = await installOf(installId)
    expect(left).toMatchObject({ state: 'rebooting', failure: null })
    expect(await logOf(installId)).toContain('anaconda.log: 12:00:00,000 INF threading: Task started: Deploy the image')
    expect((await anaconda.fetchKickstart()).status, 'a machine that is installed gets none').toBe(410)
    expect(await server.script(mac)).toContain('Boot from the local disk')

    expect(await anaconda.firstBoot(digest)).toContain(`reported ${digest}`)
    expect(await installOf(installId)).toMatchObject({ state: 'succeeded', confirmedDigest: digest })
    const machine = (await (await server.api('GET', `/api/v1/machines/${id}`)).json()) as Machine
    expect(machine.state).toBe('deployed')
    expect(machine.ownSpec).toMatchObject({
      rootPassword: '********',
      disks: { encryption: { passphrase: '********' } },
    })
    expect(server.output).not.toMatch(/horse|\$6\$salt|me:secret/)
  })

  it('pulls a private repository with a token of its own, which nothing outlives, and by digest where caches are asked', async () => {
    const { mac, installId } = await machineWith(
      {
        disks: { disk: { serial: 'SYS-1' } },
        layerCaches: ['http://127.0.0.1:1'],
        registry: { credentials: [{ registry: 'quay.example', username: 'me', password: 'secret' }] },
      },
      'private/web:1',
    )
    await using anaconda = await FakeAnaconda.start({ mac, disks: DISKS })
    anaconda.readScript(await server.script(mac))
    const { body } = await anaconda.fetchKickstart()
    const own = `127.0.0.1:${server.ports.https}`
    const pulled = `${own}/private/web@${digest}`
    expect(body).toContain(`ostreecontainer --url=${pulled} `)
    await anaconda.runSections('%pre')
    const auth = await anaconda.read('run/ostree/auth.json')
    const { auths } = JSON.parse(auth) as { auths: Record<string, { auth: string }> }
    const login = auths[`${own}/private/web`]!.auth
    const token = Buffer.from(login, 'base64').toString().replace('landfall:', '')
    await writeFile(join(folder, 'auth.json'), auth, { mode: 0o600 })
    await writeFile(
      join(folder, 'registries.conf'),
      await anaconda.read('etc/containers/registries.conf.d/50-landfall.conf'),
    )
    const certificates = join(folder, 'certs')
    await mkdir(certificates, { recursive: true })
    await writeFile(join(certificates, 'ca.crt'), server.access.ca)
    const env = { ...process.env, CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf') }
    // The cache is away, and so is passed over.
    const inspect = () =>
      run(
        'skopeo',
        ['inspect', '--authfile', join(folder, 'auth.json'), '--cert-dir', certificates, `docker://${pulled}`],
        {
          env,
        },
      )
    expect(JSON.parse((await inspect()).stdout)).toMatchObject({ Digest: digest })
    await anaconda.program('bootc', 'echo "$@" >>/tmp/bootc')
    await anaconda.runSections('%post')
    expect(await anaconda.read('tmp/bootc')).toContain(
      `switch --mutate-in-place --transport registry ${own}/private/web:1`,
    )
    expect(Object.keys(JSON.parse(await anaconda.read('sysimage/etc/ostree/auth.json')).auths)).toEqual([
      'quay.example',
    ])
    await expect(inspect()).rejects.toThrow(/unauthorized|invalid|authentication/i)
    for (const told of [body, server.output, (await logOf(installId)).join('\n')]) {
      expect(told).not.toContain(token)
      expect(told).not.toContain(login)
    }
    expect([...anaconda.arguments.values()].join(' ')).not.toContain(token)
  })

  it('stops before any disk is touched when not exactly one disk is meant', async () => {
    const { mac, installId } = await machineWith({ disks: { disk: { minSize: 100 * GIB } } })
    await using anaconda = await FakeAnaconda.start({ mac, disks: DISKS })
    anaconda.readScript(await server.script(mac))
    await anaconda.fetchKickstart()
    await expect(anaconda.runSections('%pre')).rejects.toThrow(
      /2 disks match and exactly one may: sda matches; sdb matches/,
    )
    expect(await installOf(installId)).toMatchObject({
      state: 'failed',
      failure: { code: 'INSTALLER_FAILED', message: '2 disks match and exactly one may: sda matches; sdb matches' },
    })
  })

  it("ends with the site's own script, when that fails", async () => {
    const { mac, installId } = await machineWith({ disks: { disk: { serial: 'SYS-1' } }, kickstart: { pre: 'exit 7' } })
    await using anaconda = await FakeAnaconda.start({ mac, disks: DISKS })
    anaconda.readScript(await server.script(mac))
    await anaconda.fetchKickstart()
    await expect(anaconda.runSections('%pre')).rejects.toThrow(/status 7/)
    expect((await installOf(installId)).failure?.message).toMatch(/script before the installation ended with status 7/)
  })

  it("tells Anaconda's own failure, with its logs", async () => {
    const { mac, installId } = await machineWith({ disks: { disk: { serial: 'SYS-1' } } })
    await using anaconda = await FakeAnaconda.start({ mac, disks: DISKS })
    anaconda.readScript(await server.script(mac))
    await anaconda.fetchKickstart()
    await anaconda.runSections('%pre')
    await anaconda.log('12:00:01,000 ERR anaconda: pulling the image: connection refused\n')
    await anaconda.fail()
    expect(await installOf(installId)).toMatchObject({
      state: 'failed',
      failure: { code: 'INSTALLER_FAILED', message: expect.stringContaining('connection refused') },
    })
    expect((await logOf(installId)).join('\n')).toContain('ERR anaconda: pulling the image')
    expect((await anaconda.fetchKickstart()).status).toBe(410)
  })

  it('gives a machine nothing that comes with another one’s token', async () => {
    const { mac } = await machineWith({})
    const other = await machineWith({})
    await using anaconda = await FakeAnaconda.start({ mac, disks: DISKS })
    anaconda.readScript(await server.script(mac))
    expect(await anaconda.fetchKickstart({ mac: other.mac })).toMatchObject({
      status: 403,
      body: expect.stringMatching(/^# .*those of m\d+\n$/),
    })
    expect((await anaconda.fetchKickstart()).status).toBe(200)
  })

  it('does not survive a token that somebody made up, nor give it secrets', async () => {
    const { mac } = await machineWith({ rootPassword: '$6$salt$hash', disks: { disk: { serial: 'SYS-1' } } })
    await using anaconda = await FakeAnaconda.start({ mac, disks: DISKS })
    anaconda.readScript(await server.script(mac))
    expect((await anaconda.curl(`${server.http}/i/lfi_guess/ks`)).status).toBe(404)
    const ca = join(folder, 'data/boot-ca.pem')
    await writeFile(ca, server.access.ca)
    const secret = await anaconda.curl(`${server.https}/anaconda/v1/files/accounts.ks`, [
      '--cacert',
      ca,
      '--header',
      'Authorization: Bearer lfi_guess',
    ])
    expect([secret.status, secret.body]).toEqual([401, expect.stringContaining('TOKEN_INVALID')])
  })

  it('is shown by `landfall render kickstart`, secrets masked, and what a change would change', async () => {
    const { id } = await machineWith({ rootPassword: '$6$salt$hash', disks: { disk: { serial: 'SYS-1' } } })
    const shown = await server.cli('render', 'kickstart', id)
    expect(shown.stderr).toBe('')
    expect(shown.stdout).toMatch(/^# m\d+: 127.0.0.1:\d+\/os\/web:1 by Landfall/)
    expect(shown.stdout).toContain('rootpw "$6$********" --iscrypted')
    expect(shown.stdout).not.toMatch(/lfi_\w{10}|salt/)
    expect((await server.cli('render', 'kickstart', id, '--diff')).stdout.trim()).toBe('no difference')
    const diff = await server.cli('render', 'kickstart', id, '--diff', '--release', 'RHEL9')
    expect(diff.stdout).toMatch(/^-.*Anaconda of F44$/m)
    expect(diff.stdout).toMatch(/^\+.*Anaconda of RHEL9$/m)
    const json = await server.cli('render', 'kickstart', id, '--output', 'json')
    expect(JSON.parse(json.stdout)).toMatchObject({ wanted: { release: 'F44' }, assigned: { release: 'F44' } })
  })
})

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 200) throw new Error('waited too long')
    await sleep(100)
  }
}
