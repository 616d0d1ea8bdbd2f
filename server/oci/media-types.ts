// Media types of the OCI image specification 1.1 and their Docker schema 2 forerunners.

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

/** What we ask a registry for, best first. */
export const ACCEPTED_MANIFESTS = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].join(', ')

/**
 * A layer that has gzip in its manifest, as zstd: asked for by `Accept` at the layer's own address. A name of our own, because whoever does not ask by
 * exactly this name gets the bytes that the digest stands for; clients do ask for `...tar+zstd` where a manifest says so.
 */
export const ZSTD_LAYER = 'application/vnd.landfall.layer.v1.tar+zstd'

export function isGzipLayer(mediaType: string): boolean {
  return /[+.]gzip$/.test(mediaType)
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST
}
