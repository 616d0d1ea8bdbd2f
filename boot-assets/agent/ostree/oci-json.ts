// Manifest and configuration as they go into the merge commit: the members the OCI image specification 1.1 knows, in canonical
// JSON. bootc reads them into typed structures and writes those out, so what the specification doesn't name is lost there too;
// doing the same gives the same bytes, hence the same commit.
import { canonicalJson } from './canonical-json.ts'
import { OstreeError } from './errors.ts'

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const DOCKER_MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'

/** What containers/image makes of Docker schema 2 when asked for OCI. */
const OCI_TYPES: Record<string, string> = {
  [DOCKER_MANIFEST_TYPE]: MANIFEST_TYPE,
  'application/vnd.docker.container.image.v1+json': 'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
}

type Json = Record<string, unknown>
/** How a known member is taken over. */
type Take = (value: unknown) => unknown

const asIs: Take = (value) => value
const mediaType: Take = (value) => (typeof value === 'string' ? (OCI_TYPES[value] ?? value) : value)
/** A Go `map[string]struct{}`. */
const keySet: Take = (value) => Object.fromEntries(Object.keys(value as Json).map((key) => [key, {}]))
const list =
  (take: Take): Take =>
  (value) =>
    (value as unknown[]).map(take)
const object =
  (members: Record<string, Take>): Take =>
  (value) =>
    Object.fromEntries(
      Object.entries(members)
        .map(([key, take]) => [key, take, (value as Json)[key]] as const)
        .filter(([, , member]) => member !== undefined && member !== null)
        .map(([key, take, member]) => [key, take(member)]),
    )

const descriptor = object({
  mediaType,
  digest: asIs,
  size: asIs,
  urls: asIs,
  annotations: asIs,
  platform: asIs,
  artifactType: asIs,
  data: asIs,
})

const manifest = object({
  schemaVersion: asIs,
  mediaType,
  artifactType: asIs,
  config: descriptor,
  layers: list(descriptor),
  subject: descriptor,
  annotations: asIs,
})

const configuration = object({
  created: asIs,
  author: asIs,
  architecture: asIs,
  os: asIs,
  'os.version': asIs,
  'os.features': asIs,
  variant: asIs,
  config: object({
    User: asIs,
    ExposedPorts: keySet,
    Env: asIs,
    Entrypoint: asIs,
    Cmd: asIs,
    Volumes: keySet,
    WorkingDir: asIs,
    Labels: asIs,
    StopSignal: asIs,
  }),
  rootfs: object({ type: asIs, diff_ids: asIs }),
  history: list(object({ created: asIs, author: asIs, created_by: asIs, comment: asIs, empty_layer: asIs })),
})

/** Canonical OCI manifest; Docker schema 2 is converted. Throws IMAGE_INVALID. */
export function storedManifest(document: object): string {
  return project(manifest, document, 'manifest')
}

/** Canonical OCI image configuration. Throws IMAGE_INVALID. */
export function storedConfig(document: object): string {
  return project(configuration, document, 'configuration')
}

function project(take: Take, document: object, what: string): string {
  try {
    return canonicalJson(take(document))
  } catch (cause) {
    throw new OstreeError('IMAGE_INVALID', `the image's ${what} has not the shape of an OCI ${what}`, { cause })
  }
}
