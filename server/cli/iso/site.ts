// What the kinds of ISO gather from: images, and a Landfall server if one is needed.
import type { ImageDesk, ImageServer } from '../../../boot-assets/iso/image-desk.ts'
import type { IsoImage } from '../../../boot-assets/iso/image.ts'
import type { Medium } from '../../contract/medium.ts'
import { SystemInfo } from '../../contract/system.ts'
import { findAccess } from '../access.ts'
import type { Access, AccessOptions } from '../access.ts'
import { ApiClient } from '../client.ts'

/** What a kind of ISO adds: the orders, and the images they name. */
export interface Gathered {
  medium: Medium
  images: IsoImage[]
}

/** Where images and the server's word come from while an ISO is made. */
export interface Site {
  desk: ImageDesk
  /** The Landfall server, found and asked when first needed. */
  server: () => Promise<LandfallServer>
}

export interface LandfallServer {
  access: Access
  client: ApiClient
  system: SystemInfo
}

/** Looks for a server only when something is to be had from it: with a layout or a registry none is needed. */
export function lazyServer(options: AccessOptions) {
  let found: Promise<LandfallServer> | undefined
  const find = () => {
    found ??= (async () => {
      const access = findAccess(process.env, options)
      const client = new ApiClient(access)
      return { access, client, system: await client.call('GET', '/system', SystemInfo) }
    })()
    return found
  }
  return {
    find,
    async [Symbol.asyncDispose]() {
      await found?.then(
        ({ client }) => client.close(),
        () => {},
      )
    },
  }
}

/** That server as a place to take images from. */
export function imageServer({ access, system }: LandfallServer): ImageServer {
  return {
    host: new URL(access.url).host,
    registry: system.registry,
    ...(access.ca !== undefined && { ca: access.ca }),
  }
}
