// What each layer of an image is: part of an embedded OSTree commit, or files on top of it (specification item 2.1).
import { configLabels } from '../../../server/oci/manifest.ts'
import type { Descriptor, ImageConfig, Manifest } from '../../../server/oci/manifest.ts'
import { OstreeError } from './errors.ts'

/** Diff-id of the last layer that belongs to the embedded commit. Images without it ("plain") have none. */
const FINAL_DIFF_ID = 'ostree.final-diffid'

/**
 * `commit` holds the commit object, directories and whatever files are in no chunk; `chunk` holds file objects; `derived` is a layer as any
 * container build makes it.
 */
export type LayerRole = 'commit' | 'chunk' | 'derived'

export interface ImageLayer {
  descriptor: Descriptor
  diffId: string
  role: LayerRole
}

/** The image's layers with their roles, lowest first. Throws IMAGE_INVALID. */
export function imageLayers(manifest: Manifest, config: ImageConfig): ImageLayer[] {
  const { layers } = manifest
  const diffIds = config.rootfs.diff_ids
  if (layers.length === 0) throw invalid('the image has no layers')
  if (layers.length !== diffIds.length) {
    throw invalid(`the image has ${layers.length} layers but ${diffIds.length} diff-ids`)
  }
  const last = lastOfCommit(manifest, config)
  return layers.map((descriptor, index) => ({
    descriptor,
    diffId: diffIds[index]!,
    role: index > last ? 'derived' : index === 0 ? 'commit' : 'chunk',
  }))
}

/** Index of the last layer that belongs to the embedded commit; -1 without one. */
function lastOfCommit({ layers }: Manifest, config: ImageConfig): number {
  const label = configLabels(config)[FINAL_DIFF_ID]
  if (label === undefined) return -1
  const index = config.rootfs.diff_ids.indexOf(label)
  if (index < 0) throw invalid(`the image's label ${FINAL_DIFF_ID} names ${label}, which is none of its layers`)
  const { digest } = layers[index]!
  if (layers.some((layer, other) => other !== index && layer.digest === digest)) {
    throw invalid(`the image has ${digest}, the last layer of its OSTree commit, more than once`)
  }
  return index
}

function invalid(message: string): OstreeError {
  return new OstreeError('IMAGE_INVALID', message)
}
