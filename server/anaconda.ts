// Kickstarts as the core asks for them: what of this server a machine has to know, and which medium its Anaconda comes from.
import { CoreError } from './core/errors.ts'
import type { KickstartRenderer } from './core/kickstart-service.ts'
import { requiredMedium } from './core/required-medium.ts'
import type { KickstartRelease } from './contract/kickstart-release.ts'
import { KickstartError } from './kickstart/errors.ts'
import { renderKickstart } from './kickstart/render.ts'
import { RenderError } from './render/errors.ts'
import type { Templates } from './render/templates.ts'

export interface KickstartRendererOptions {
  templates: Templates
  /** `host:port` that machines pull images from. */
  registry: string
  /** Origin of the TLS listener. */
  httpsUrl: string
  /** CA certificate, PEM. */
  ca: string
  /** A boot medium by its id. */
  medium: (id: string) => { release: KickstartRelease } | undefined
}

export function kickstartRenderer({
  templates,
  registry,
  httpsUrl,
  ca,
  medium,
}: KickstartRendererOptions): KickstartRenderer {
  return {
    render({ machine, spec, image, pullToken, createdAt, httpsUrl: reached = httpsUrl, ...request }) {
      const { generation, facts, followReference, token } = request
      // A cache may say anything of a tag, and nothing else of a digest.
      const byDigest = spec.layerCaches.length > 0 && image && `${registry}/${image.repository}@${image.digest}`
      const now = Math.floor(Date.parse(createdAt) / 1000)
      try {
        const release = spec.kickstart.release ?? requiredMedium(spec.media, medium).release
        const rendered = renderKickstart(templates, {
          machine: { name: machine.name },
          generation,
          release,
          spec,
          facts,
          source: {
            kind: 'registry',
            reference: `${registry}/${followReference}`,
            ...(byDigest && { pulled: byDigest }),
          },
          server: {
            https: reached,
            registry,
            ca,
            token,
            now,
            ...(image && pullToken && { pull: { repository: image.repository, token: pullToken } }),
          },
          bootDevice: 'bootif',
        })
        return { ...rendered, release }
      } catch (error) {
        if (!(error instanceof KickstartError || error instanceof RenderError)) throw error
        const hint = error instanceof KickstartError ? error.hint : undefined
        throw new CoreError('KICKSTART_INVALID', error.message, { cause: error, ...(hint !== undefined && { hint }) })
      }
    },
  }
}
