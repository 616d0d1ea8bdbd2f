// A deployed machine goes on by itself: to the image that its tag means now, out of Landfall's registry, and back. By the programs that
// its image has (ostree, curl), in the steps that `bootc upgrade` and `bootc rollback` take.

import { join } from 'node:path'
import { expect } from 'vitest'
import { imageRef, layerRef } from '../../boot-assets/agent/ostree/ref-escape.ts'
import { parseManifest } from '../../server/oci/manifest.ts'
import type { Manifest } from '../../server/oci/manifest.ts'
import { DEMO_REPOSITORY } from '../images/demo-image.ts'
import { copyLayout, readImage, tagManifest } from '../images/layout.ts'
import type { Landfall } from './lab/landfall.ts'
import { journey } from './lab/scenario.ts'
import type { Ssh } from './lab/ssh.ts'
import { landfallWithDemo, sshInto } from './worlds.ts'

const TAG = 'stable'
const REPOSITORY = '/sysroot/ostree/repo'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
/** In an emulated machine. */
const MINUTES = { timeout: 10 * 60_000 }

journey(
  'a machine that upgrades itself',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    /** Lets the tag mean a version of the demo image; the digests of its layers. */
    const release = async (version: '1' | '2'): Promise<string[]> => {
      const layout = join(lab.workFolder, `release-${version}`)
      await copyLayout(world.demo.layout, layout)
      const { manifest } = await readImage(layout, version)
      await tagManifest(layout, manifest, { repository: DEMO_REPOSITORY, tag: TAG })
      await world.landfall.importImages(layout, DEMO_REPOSITORY)
      return manifest.layers.map(({ digest }) => digest)
    }
    await release('1')
    const machine = await lab.machine({ name: 'uefi', disks: [{ sizeGiB: 6 }] })
    return { ...world, release, machine, key: await lab.sshKey() }
  },
  (chapter) => {
    chapter('is deployed with what its tag means', async ({ landfall, machine, key, demo }) => {
      const id = await landfall.addMachine(machine.mac, 'upgraded-01')
      await landfall.assign(id, `${DEMO_REPOSITORY}:${TAG}`, { rootSshKeys: [key.publicLine] })
      await machine.powerOn()
      const deployed = await landfall.waitForState(machine.mac, 'deployed')
      expect(deployed.runningDigest).toBe(demo.v1.digest)
    })

    chapter(
      'finds the next image under its tag, and takes the one layer that it lacks',
      async (world) => {
        const { lab, landfall, release } = world
        const ssh = await sshInto(world)
        const next = await release('2')
        await ssh.run('echo mine > /etc/landfall-demo/own; echo mine > /var/lib/own')
        const before = await deployments(ssh)
        expect(before).toHaveLength(1)

        const { reference, manifest } = await manifestOfOrigin(ssh)
        expect(reference).toBe(`${lab.address}:8443/${DEMO_REPOSITORY}:${TAG}`)
        expect(manifest.layers.map(({ digest }) => digest)).toEqual(next)
        expect(await missingLayers(ssh, manifest)).toEqual(manifest.layers.slice(-1))
        const commit = await takeNext(ssh, reference, manifest)
        const [was, is] = [await kernelArguments(ssh), await afterRestart(landfall, ssh, () => kernelArguments(ssh))]
        expect(is).toEqual(was)

        expect((await deployments(ssh)).map(({ commit: each }) => each)).toEqual([commit, before[0]!.commit])
        expect(await stateOf(ssh)).toEqual({ version: '2', released: '2', etc: 'mine', var: 'mine' })
        await ssh.run(`ostree fsck --repo=${REPOSITORY} --quiet`, MINUTES)
      },
      { timeout: 40 * 60_000 },
    )

    chapter('goes back to the image before', async (world) => {
      const { landfall } = world
      const ssh = await sshInto(world)
      const [second, first] = await deployments(ssh)
      await ssh.run('ostree admin set-default 1', MINUTES)
      expect(await afterRestart(landfall, ssh, () => deployments(ssh))).toMatchObject([
        { commit: first!.commit, isBooted: true },
        { commit: second!.commit, isBooted: false },
      ])
      expect(await stateOf(ssh)).toEqual({ version: '1', released: '1', etc: 'mine', var: 'mine' })
    })
  },
)

interface Deployed {
  commit: string
  isBooted: boolean
}

/** The one that starts next comes first. */
async function deployments(ssh: Ssh): Promise<Deployed[]> {
  const { stdout } = await ssh.run('ostree admin status', MINUTES)
  const found = stdout.matchAll(/^([* ]) default ([0-9a-f]{64})\.\d+/gm)
  return [...found].map(([, mark, commit]) => ({ commit: commit!, isBooted: mark === '*' }))
}

/** What the machine follows, and what the registry has there now. */
async function manifestOfOrigin(ssh: Ssh): Promise<{ reference: string; manifest: Manifest }> {
  const { stdout: origin } = await ssh.run('cat /ostree/deploy/default/deploy/*.0.origin')
  const [, reference = ''] = /^container-image-reference=ostree-unverified-registry:(.+)$/m.exec(origin) ?? []
  const { stdout } = await ssh.run(`${curl(reference, `manifests/${TAG}`)} -H 'accept: ${MANIFEST}'`, MINUTES)
  const parsed = parseManifest(Buffer.from(stdout))
  if (parsed.kind !== 'manifest') throw new Error(`${reference} is an index`)
  return { reference, manifest: parsed.manifest }
}

async function missingLayers(ssh: Ssh, { layers }: Manifest): Promise<Manifest['layers']> {
  const { stdout } = await ssh.run(`ostree refs --repo=${REPOSITORY}`)
  const refs = new Set(stdout.trim().split('\n'))
  return layers.filter(({ digest }) => !refs.has(layerRef(digest)))
}

/** Fetches what is missing, merges the layers and deploys the result for the next start (ostree-container-deploy 2.7). Returns its commit. */
async function takeNext(ssh: Ssh, reference: string, manifest: Manifest): Promise<string> {
  const tree = `${REPOSITORY}/tmp/next`
  const commit = `ostree commit --repo=${REPOSITORY} --no-bindings --parent=none --timestamp=@0`
  const fetches = (await missingLayers(ssh, manifest)).map(
    ({ digest }) =>
      `${curl(reference, `blobs/${digest}`)} | gzip -dc | ${commit} --branch=${layerRef(digest)} --tar-autocreate-parents --tar-pathname-filter='^etc/,usr/etc/' --tree=tar=/proc/self/fd/0`,
  )
  const merges = manifest.layers.map(
    ({ digest }) =>
      `ostree checkout --repo=${REPOSITORY} -H --union --force-copy-zerosized --whiteouts ${layerRef(digest)} ${tree}`,
  )
  const image = imageRef(`docker://${reference}`)
  const script = [
    'mount -o remount,rw /sysroot',
    ...fetches,
    ...merges,
    `${commit} --branch=${image} --link-checkout-speedup --tree=dir=${tree}`,
    `rm -rf ${tree}`,
    'cp /ostree/deploy/default/deploy/*.0.origin /run/origin',
    `ostree admin deploy --os=default --origin-file=/run/origin ${image}`,
    `ostree rev-parse --repo=${REPOSITORY} ${image}`,
  ].join('\n')
  // The namespace alone may write: for everybody else /sysroot stays as it is.
  const { stdout } = await ssh.run(`unshare --mount bash -euo pipefail <<'END'\n${script}\nEND`, MINUTES)
  return stdout.trim().split('\n').at(-1)!
}

/** With the authority that Landfall left for the container tools of the machine. */
function curl(reference: string, path: string): string {
  const [, host, repository] = /^([^/]+)\/(.+):/.exec(reference) ?? []
  return `curl -fsS --cacert /etc/containers/certs.d/${host}/ca.crt https://${host}/v2/${repository}/${path}`
}

async function kernelArguments(ssh: Ssh): Promise<string[]> {
  const { stdout } = await ssh.run('cat /proc/cmdline')
  return stdout
    .trim()
    .split(' ')
    .filter((argument) => !/^(ostree|BOOT_IMAGE)=/.test(argument))
}

/** What `ask` finds once the machine has restarted. */
async function afterRestart<T>(landfall: Landfall, ssh: Ssh, ask: () => Promise<T>): Promise<T> {
  const bootId = async () => (await ssh.run('cat /proc/sys/kernel/random/boot_id')).stdout
  const before = await bootId()
  await ssh.run('systemctl reboot').catch(() => {})
  await landfall.until('it is up again', async () => {
    const now = await bootId()
    return now === before ? 'the same start' : { now }
  })
  return ask()
}

/** Of the image, of the file in /etc that nobody changed, and of what the machine has for itself. */
async function stateOf(ssh: Ssh): Promise<Record<string, string>> {
  const files = {
    version: '/usr/share/landfall-demo/version',
    released: '/etc/landfall-demo/release',
    etc: '/etc/landfall-demo/own',
    var: '/var/lib/own',
  }
  const { stdout } = await ssh.run(`cat ${Object.values(files).join(' ')}`)
  const lines = stdout.trim().split('\n')
  return Object.fromEntries(Object.keys(files).map((name, at) => [name, lines[at] ?? '']))
}
