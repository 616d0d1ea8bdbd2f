// Container images that a bootable image is bound to: bootc pulls them beside it, into a storage of their own.
import type { ImageTree } from './tree.ts'

const FOLDER = 'usr/lib/bootc/bound-images.d'
/** Where the links in that folder lead, in every image that follows bootc's documentation; they may be absolute. */
const QUADLETS = 'usr/share/containers/systemd'

/** Names of the images, or, of those that cannot be told, of the files that say them. */
export async function boundImages(tree: Pick<ImageTree, 'list' | 'read'>): Promise<string[]> {
  const names = (await tree.list(FOLDER)).filter((name) => /\.(image|container)$/.test(name))
  const texts = await Promise.all(names.map((name) => tree.read(`${QUADLETS}/${name}`)))
  return texts.map((text, at) => /^Image\s*=\s*(\S+)/m.exec(text ?? '')?.[1] ?? names[at]!)
}
