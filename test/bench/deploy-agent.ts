// The agent's part of the deploy benchmark, in a process of its own so that its memory can be told: image in, deployment out.
//   node deploy-agent.ts LAYOUT REGISTRY-URL TARGET STAGE      prints the peak resident set in bytes
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageTree } from '../../boot-assets/agent/deployment/tree.ts'
import { deploy } from '../../boot-assets/agent/stages/deploy.ts'
import { fetchImage } from '../../boot-assets/agent/stages/fetch.ts'
import type { ResolvedImage } from '../../boot-assets/agent/stages/resolve.ts'
import { realHost } from '../../boot-assets/agent/sys/host.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import { parseConfig, parseManifest } from '../../server/oci/manifest.ts'
import { plan } from '../agent/examples.ts'
import { blobPath, readImage } from '../images/layout.ts'

const [layout = '', registry = '', mountPoint = '', stage = ''] = process.argv.slice(2)
const { descriptor } = await readImage(layout, '1')
const manifestBytes = await readFile(blobPath(layout, descriptor.digest))
const parsed = parseManifest(manifestBytes)
if (parsed.kind !== 'manifest') throw new Error('the layout has an index')
const configBytes = await readFile(blobPath(layout, parsed.manifest.config.digest))
const image: ResolvedImage = {
  repository: 'bench',
  digest: descriptor.digest,
  targetReference: 'registry.example/bench:1',
  manifest: parsed.manifest,
  manifestBytes,
  config: parseConfig(configBytes),
  configBytes,
  totalBytes: 0,
}
const imported = await fetchImage({
  image,
  mountPoint,
  readLayers: parsed.manifest.layers.map(({ digest }) => digest),
  images: { locate: (_, digest) => ({ urls: [`${registry}/v2/bench/blobs/${digest}`] }) },
  signal: new AbortController().signal,
  onProgress: () => {},
  say: () => {},
})
const tree = await ImageTree.forOstree(realHost, { target: mountPoint, commit: imported.mergeCommit, stage })
const target = { plan: plan(), devices: new Map<string, string>(), mountPoint, volumes: `${mountPoint}-volumes` }
const silent = { say: () => {}, warn: () => {} }
await deploy({ target, tree, image, spec: MachineSpec.parse({}), imported, enforced: false, ...silent })
await tree.remove()
await realHost.run('sync', ['--file-system', mountPoint, join(mountPoint, 'boot')])
// Not getrusage's: that begins with what the benchmark, which started this process, took itself.
const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? []
console.log(Number(kilobytes) * 1024)
