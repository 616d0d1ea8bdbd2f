// What an ISO is: product, version and architecture, by the words of its tree or, where these leave something out, its volume id.
import type { Architecture } from '../contract/common.ts'
import { MediaError } from './errors.ts'
import type { ReleaseLine } from './kickstart-release.ts'
import type { DiscInfo, TreeInfo } from './tree-info.ts'

export interface Recognised {
  product: string
  /** Begins ids: `centos-stream`. */
  slug: string
  line: ReleaseLine
  version: string
  architecture: Architecture
  /** As RPM names it. */
  arch: string
}

interface Product {
  product: string
  slug: string
  line: ReleaseLine
  /** Begin of its name or volume id, with blanks for whatever separates words there. */
  begins: RegExp
}

const PRODUCTS: readonly Product[] = [
  { product: 'Fedora', slug: 'fedora', line: 'fedora', begins: /^fedora\b/i },
  {
    product: 'Red Hat Enterprise Linux',
    slug: 'rhel',
    line: 'enterprise',
    begins: /^(red hat enterprise linux|rhel)\b/i,
  },
  { product: 'CentOS Stream', slug: 'centos-stream', line: 'enterprise', begins: /^centos\b/i },
  { product: 'AlmaLinux', slug: 'almalinux', line: 'enterprise', begins: /^alma ?linux\b/i },
  { product: 'Rocky Linux', slug: 'rocky', line: 'enterprise', begins: /^rocky\b/i },
]

/** Part of ids, so short and plain. */
const VERSION = /^[A-Za-z0-9._-]{1,32}$/

const ARCHITECTURES: Readonly<Record<string, Architecture>> = { x86_64: 'amd64', aarch64: 'arm64' }

/** Throws MEDIA_UNSUPPORTED for any other product or architecture. */
export function recognise(words: {
  treeInfo: TreeInfo | undefined
  discInfo: DiscInfo | undefined
  volumeId: string
}): Recognised {
  const { treeInfo, discInfo, volumeId } = words
  const names = [treeInfo?.family, discInfo?.release, volumeId].filter((name) => name !== undefined)
  const found = names.map(productOf).find((product) => product !== undefined)
  if (!found) {
    const known = PRODUCTS.map(({ product }) => product).join(', ')
    throw new MediaError('MEDIA_UNSUPPORTED', `"${names[0]}" is no product that Landfall knows`, {
      hint: `boot media are installer ISOs of ${known}`,
    })
  }
  const version = treeInfo?.version ?? versionIn(discInfo?.release) ?? versionOfVolume(volumeId, found)
  if (version === undefined || !VERSION.test(version)) {
    throw new MediaError('MEDIA_UNSUPPORTED', `${found.product} does not say which version it is`)
  }
  const arch = treeInfo?.arch ?? discInfo?.arch ?? /x86_64|aarch64/.exec(volumeId)?.[0] ?? 'unknown'
  const architecture = Object.hasOwn(ARCHITECTURES, arch) ? ARCHITECTURES[arch] : undefined
  if (!architecture) {
    const hint = `there are installers for ${Object.keys(ARCHITECTURES).join(' and ')}`
    throw new MediaError('MEDIA_UNSUPPORTED', `${found.product} ${version} for ${arch} cannot be used`, { hint })
  }
  const { product, slug, line } = found
  return { product, slug, line, version, architecture, arch }
}

function productOf(name: string): Product | undefined {
  const words = name.replace(/[\s_-]+/g, ' ').trim()
  return PRODUCTS.find(({ begins }) => begins.test(words))
}

/** `Fedora 43`, `9.6`, `Fedora Rawhide`. */
function versionIn(release: string | undefined): string | undefined {
  return release === undefined ? undefined : /\b(\d+(\.\d+)?|rawhide)\b/i.exec(release)?.[0]
}

/** Fedora's volume ids end with it (`Fedora-E-dvd-x86_64-43`), the others' begin with it (`RHEL-9-6-0-BaseOS-x86_64`). */
function versionOfVolume(volumeId: string, { line }: Product): string | undefined {
  if (line === 'fedora') return /-(\d+|rawhide)$/i.exec(volumeId)?.[1]
  const [, major, minor] = /^[A-Za-z-]+?-(\d+)(?:[-.](\d+))?/.exec(volumeId) ?? []
  return minor === undefined ? major : `${major}.${minor}`
}
