// Answers what an image is, from what is known of its layers at this moment.
import { DEFAULT_ARCHITECTURE } from '../contract/common.ts'
import type { ImageDifference, ImageFit, PlatformInspection } from '../contract/image-inspection.ts'
import { layerHint } from '../contract/layer-facts.ts'
import type { Machine } from '../contract/machine.ts'
import type { TrustVerdict } from '../contract/trust.ts'
import type { ImageCatalog, ImageRecords } from '../core/images.ts'
import type { LayerRecords } from '../core/layers.ts'
import { configLabels } from '../oci/manifest.ts'
import { parseLocalReference } from '../oci/reference.ts'
import { findingsOf, packagesOf } from './findings.ts'
import { imageDifference } from './image-difference.ts'
import type { ComparedImage } from './image-difference.ts'
import { imageFit, worstOf } from './image-fit.ts'
import { problemOf } from './layer-reading.ts'
import type { LayerReading } from './layer-reading.ts'

export interface ImageInspectorOptions {
  images: Pick<ImageCatalog, 'get'>
  records: Pick<ImageRecords, 'manifest' | 'referrers'>
  layers: Pick<LayerRecords, 'usesOf'>
  reading: Pick<LayerReading, 'image'>
}

interface Platform {
  repository: string
  digest: string
  trust: TrustVerdict | null
}

export class ImageInspector {
  readonly #options: ImageInspectorOptions

  constructor(options: ImageInspectorOptions) {
    this.#options = options
  }

  /** One of each architecture; undefined when there is no such image. `repository@digest` is the image of that manifest. Throws OciError. */
  async inspect(reference: string): Promise<PlatformInspection[] | undefined> {
    const platforms = await this.#platforms(reference)
    return platforms && Promise.all(platforms.map((platform) => this.#inspect(platform)))
  }

  /** For one architecture, with what else is wanted to compare it. */
  async compared(
    reference: string,
    architecture: string,
  ): Promise<(ComparedImage & Pick<Platform, 'trust'>) | undefined> {
    for (const platform of (await this.#platforms(reference)) ?? []) {
      const image = await this.#options.reading.image(platform.digest)
      if (image.config.architecture !== architecture) continue
      const inspection = await this.#inspect(platform)
      return { reference, inspection, packages: packagesOf(image), trust: platform.trust }
    }
    return undefined
  }

  difference(from: ComparedImage, to: ComparedImage): ImageDifference {
    return imageDifference(from, to)
  }

  /** Whether the image can start the machine; undefined when there is no such image. Throws OciError. */
  async fit(
    reference: string,
    { id, architecture, facts, spec }: Pick<Machine, 'id' | 'architecture' | 'facts' | 'spec'>,
  ): Promise<ImageFit | undefined> {
    const wanted = architecture ?? DEFAULT_ARCHITECTURE
    const found = await this.compared(reference, wanted)
    if (!found && !(await this.#platforms(reference))) return undefined
    const question = { image: found?.inspection, trust: found?.trust ?? null, architecture: wanted, facts, spec }
    const checks = imageFit(question)
    return { reference, machineId: id, result: worstOf(checks), checks }
  }

  async #platforms(reference: string): Promise<Platform[] | undefined> {
    const { images, records } = this.#options
    const { repository, tag = 'latest', digest } = parseLocalReference(reference)
    if (digest !== undefined) return records.manifest(repository, digest) && [{ repository, digest, trust: null }]
    const image = await images.get(repository, tag)
    return image?.platforms.map((platform) => ({ repository, digest: platform.digest, trust: platform.trust }))
  }

  async #inspect({ repository, digest }: Platform): Promise<PlatformInspection> {
    const { reading, layers, records } = this.#options
    const image = await reading.image(digest)
    const { manifest, config } = image
    const problem = problemOf(image)
    const uses = layers.usesOf(manifest.layers.map((layer) => layer.digest))
    const created = new Date(config.created ?? NaN)
    return {
      ...findingsOf(image),
      architecture: config.architecture,
      digest,
      createdAt: Number.isNaN(created.getTime()) ? null : created.toISOString(),
      reading: image.progress,
      problem: problem ? { ...problem, hint: layerHint(problem.code) } : null,
      layers: manifest.layers.map(({ digest: layer, mediaType, size }) => {
        const facts = image.layers.get(layer)
        return {
          digest: layer,
          mediaType,
          size,
          unpackedBytes: facts?.unpackedBytes ?? null,
          files: facts?.entries.files ?? null,
          sharedWith: Math.max(0, (uses.get(layer) ?? 1) - 1),
        }
      }),
      labels: configLabels(config),
      attached: records
        .referrers(repository, digest)
        .map(({ digest: other, artifactType }) => ({ digest: other, artifactType })),
    }
  }
}
