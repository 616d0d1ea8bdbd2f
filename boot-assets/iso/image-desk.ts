// Takes the images a medium needs from wherever their names say, each once.
import { join } from 'node:path'
import { formatReference, parseLocalReference, parseRemoteReference } from '../../server/oci/reference.ts'
import type { Reference } from '../../server/oci/reference.ts'
import { RegistryClient } from '../../server/oci/registry-client.ts'
import { IsoError } from './error.ts'
import { takeImage } from './image.ts'
import type { ImageShelf, IsoImage } from './image.ts'
import { layoutShelf } from './layout-shelf.ts'
import { registryShelf } from './registry-shelf.ts'

export interface ImageDeskOptions {
  /** A folder for what has to be fetched or unpacked; whoever made it removes it. */
  work: string
  /** An OCI layout or archive: all images come from it, and no registry is asked. */
  layout?: string
  /** The Landfall server that has the images named without a registry; called when one is needed. */
  server?: () => Promise<ImageServer>
  onProgress?: (reference: string, bytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

export interface ImageServer {
  /** `127.0.0.1:8443`: where to fetch from. */
  host: string
  /** Certificate to trust, PEM. */
  ca?: string
  /** `host:port` that deployed machines upgrade from. */
  registry: string
}

export class ImageDesk implements AsyncDisposable {
  readonly #options: ImageDeskOptions
  readonly #images = new Map<string, Promise<IsoImage>>()
  readonly #shelves = new Map<string, Promise<ImageShelf>>()
  readonly #clients: RegistryClient[] = []

  constructor(options: ImageDeskOptions) {
    this.#options = options
  }

  /**
   * The image, for machines that then follow `follow`; by default where it comes from. Throws IsoError, OciError, and what `server`
   * throws.
   */
  image(text: string, follow?: string): Promise<IsoImage> {
    const key = JSON.stringify([text, follow])
    const taken = this.#images.get(key) ?? this.#take(text, follow)
    this.#images.set(key, taken)
    return taken
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  async #take(text: string, follow: string | undefined): Promise<IsoImage> {
    const { layout, server } = this.#options
    const reference = parse(text)
    const { registry } = reference
    if (layout !== undefined) {
      const origin = follow ?? (registry === undefined ? undefined : formatReference(reference))
      if (origin === undefined) {
        throw new IsoError('INPUT_INVALID', `${text} does not say from which registry deployed machines upgrade`, {
          hint: 'name it with --follow registry.example/repository:tag',
        })
      }
      const shelf = await this.#shelf(layout, (work) => layoutShelf(layout, work, this.#options.signal))
      return takeImage(shelf, reference, origin)
    }
    if (registry !== undefined) {
      const shelf = await this.#shelf(registry, (work) => this.#registry(work, text, new RegistryClient(registry)))
      return takeImage(shelf, reference, follow ?? formatReference(reference))
    }
    if (server === undefined) throw new IsoError('INPUT_INVALID', `${text} names no registry, and there is no server`)
    const { host, ca, registry: own } = await server()
    const client = () => new RegistryClient(host, ca === undefined ? {} : { ca })
    const shelf = await this.#shelf(host, (work) => this.#registry(work, text, client()))
    return takeImage(shelf, reference, follow ?? formatReference({ ...reference, registry: own }))
  }

  #shelf(name: string, open: (work: string) => Promise<ImageShelf>): Promise<ImageShelf> {
    const shelf = this.#shelves.get(name) ?? open(join(this.#options.work, `images-${this.#shelves.size}`))
    this.#shelves.set(name, shelf)
    return shelf
  }

  #registry(work: string, text: string, client: RegistryClient): Promise<ImageShelf> {
    this.#clients.push(client)
    const { onProgress, signal } = this.#options
    return registryShelf({
      client,
      work,
      onProgress: (bytes, totalBytes) => onProgress?.(text, bytes, totalBytes),
      ...(signal && { signal }),
    })
  }
}

/** With a registry, as `registry.example/os/web:stable`, or without, as the server's own. The tag is `latest` unless it says otherwise. */
function parse(text: string): Reference {
  const remote = /^[^/]*[.:][^/]*\//.test(text) || text.startsWith('localhost/')
  const reference = remote ? parseRemoteReference(text) : parseLocalReference(text)
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference
}
