// The plain HTTP side: what firmware, boot loaders and health checks fetch. Nothing here is secret but the install token in a script.
import { extname } from 'node:path'
import { Hono } from 'hono'
import type { Context } from 'hono'
import type { Logger } from '../../observe/logger.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { AnacondaClient } from '../../core/kickstart-service.ts'
import type { Templates } from '../../render/templates.ts'
import { oneLine } from '../../render/values.ts'
import { anacondaClient } from '../anaconda/client.ts'
import { remoteAddress } from '../context.ts'
import type { HttpEnv } from '../context.ts'
import { healthRoutes } from '../health.ts'
import type { Readiness } from '../health.ts'
import { observed } from '../middleware/observed.ts'
import { traced } from '../middleware/traced.ts'
import type { OnRequest } from '../middleware/traced.ts'
import { describeError } from '../problem.ts'
import { assetResponse } from '../asset-response.ts'
import type { AssetSource } from '../assets.ts'
import { parseScriptClient } from './client.ts'
import type { ScriptClient } from './client.ts'
import type { GrubDesk } from './grub-desk.ts'
import { headMemory } from './head-memory.ts'
import { decisionScript, identifyScript, LAST_RESORT, troubleScript } from './script.ts'
import type { DecidedBoot, ServerView } from './script.ts'
import { serverView } from './server-view.ts'
import type { ServerNames } from './server-view.ts'

export interface BootAppOptions {
  templates: Templates
  /** By path below /boot/: `loaders/...`, `installer/...`, `media/...`, `ca.pem`. */
  assets: AssetSource
  /** By path below /media/: `fedora-43-x86_64-1f2e3d4c/images/install.img`. */
  media: AssetSource
  /** Decides, remembers that the machine was here, and issues its token. May throw. */
  decide: (client: ScriptClient, address: string | undefined) => DecidedBoot
  /** Configurations of GRUBs, under all names they ask for. */
  grub: GrubDesk
  /** Told of every loader and file below /boot/ that is sent as a whole, and of `autoexec.ipxe`. */
  onFetched?: (address: string, path: string) => void
  /** The kickstart of a token; throws CoreError. */
  kickstart: (token: string, client: AnacondaClient) => Promise<string>
  server: ServerNames
  readiness: Readiness
  logger: Logger
  metrics: Metrics
  onRequest?: OnRequest
}

const IPXE = 'text/plain; charset=utf-8'

/** Whoever is not, or no longer, to be installed gets nothing; whatever else is wrong, no kickstart is better than a wrong one. */
const KICKSTART_STATUS: Readonly<Record<string, 403 | 404 | 410>> = {
  TOKEN_INVALID: 404,
  TOKEN_EXPIRED: 410,
  INSTALL_OVER: 410,
  MACHINE_MISMATCH: 403,
}

/** UEFI HTTP Boot compares the type as a whole: no parameter may follow it (netboot.md section 3). */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.efi': 'application/efi',
  '.iso': 'application/vnd.efi-iso',
  '.pem': 'application/x-pem-file',
}

export function bootApp(options: BootAppOptions): Hono<HttpEnv> {
  const { templates, assets, media, readiness, logger, metrics } = options
  const log = logger.child({ part: 'boot' })
  const app = new Hono<HttpEnv>()
  app.use(observed('boot', log, metrics))
  if (options.onRequest) app.use(traced(options.onRequest))
  app.route('/', healthRoutes(readiness))

  const configs = headMemory()
  app.get('*', async (c, next) => {
    // A medium's own files stay what they are: /boot/media/ is where its loaders find the machine's configuration.
    if (c.req.path.startsWith('/media/')) return next()
    const config = grubConfig(c)
    return config === undefined ? next() : send(c, 200, IPXE, config)
  })

  app.get('/boot/ipxe', (c) => send(c, 200, IPXE, script(c)))
  // iPXE looks for it beside its own URL, then in the root (netboot.md section 2.7).
  for (const folder of ['', '/boot', '/boot/loaders']) {
    app.get(`${folder}/autoexec.ipxe`, (c) => {
      noteFetched(c)
      return send(c, 200, IPXE, identify(c))
    })
  }

  app.get('/i/:token/ks', async (c) => {
    const described = anacondaClient((name) => c.req.header(name))
    const client = { ...described, address: remoteAddress(c), httpsUrl: view(c).https }
    try {
      return send(c, 200, IPXE, await options.kickstart(c.req.param('token'), client))
    } catch (error) {
      const { code, detail, status } = describeError(error)
      log[status >= 500 ? 'error' : 'warn']({ err: error, code, ...client }, 'kickstart refused')
      return send(c, KICKSTART_STATUS[code] ?? 500, IPXE, `# ${oneLine(detail)}\n`)
    }
  })

  app.get('/boot/*', async (c) => {
    const response = await sendFile(c, assets, '/boot/', 'no-cache')
    if (response.status === 200) noteFetched(c)
    return response
  })
  // An id names a content: what is below it never changes.
  app.get('/media/*', (c) => sendFile(c, media, '/media/', 'public, max-age=31536000, immutable'))

  app.get('/', (c) => send(c, 200, 'text/html; charset=utf-8', welcomePage(view(c))))
  app.all('*', (c) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      c.header('Allow', 'GET, HEAD')
      return send(c, 405, IPXE, 'only GET and HEAD here\n')
    }
    return send(c, 404, IPXE, `nothing here: web page and API are at ${view(c).https}/\n`)
  })
  app.onError((error, c) => {
    log.error({ err: error, path: c.req.path }, 'request failed')
    return send(c, 500, IPXE, 'internal error\n')
  })
  return app

  async function sendFile(c: Context, source: AssetSource, prefix: string, caching: string): Promise<Response> {
    // shim asks for `/boot/loaders//grubx64.efi` (shim 16.1, httpboot.c).
    const path = c.req.path.slice(prefix.length).replace(/\/+/g, '/')
    const asset = await source.find(path)
    // shim and Anaconda ask for optional files; "not found" is part of a normal boot (netboot.md section 4.1).
    if (!asset) return send(c, 404, IPXE, `no file ${path}\n`)
    const response = await assetResponse(c, asset, {
      'Content-Type': CONTENT_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream',
      'Cache-Control': caching,
    })
    if (c.req.method === 'GET') metrics.bootBytes.inc(Number(response.headers.get('content-length') ?? 0))
    return response
  }

  function noteFetched(c: Context): void {
    const address = remoteAddress(c)
    if (c.req.method === 'GET' && address !== undefined) options.onFetched?.(address, c.req.path)
  }

  function grubConfig(c: Context): string | undefined {
    const path = c.req.path
    const address = remoteAddress(c)
    const make = () => options.grub(path, { server: view(c), address, by: 'http' })
    return configs(c.req.method === 'HEAD', `${address} ${path}`, make)
  }

  function view(c: Context): ServerView {
    return serverView(options.server, c.req.header('host'))
  }

  function identify(c: Context): string {
    try {
      return identifyScript(templates, view(c))
    } catch (error) {
      log.error({ err: error }, 'script could not be rendered')
      return LAST_RESORT
    }
  }

  /** Statement 76: a script for every query; trouble is told to the machine in its own language. */
  function script(c: Context): string {
    const query = new URL(c.req.url).searchParams
    const client = parseScriptClient(query)
    const anonymous = client.mac === undefined && client.uuid === undefined && client.serial === undefined
    if (anonymous && !query.has('identified')) return identify(c)
    try {
      const decided = anonymous ? nobody : options.decide(client, remoteAddress(c))
      metrics.bootScripts.inc({ decision: decided.decision })
      log.info({ ...client, decision: decided.decision, reason: decided.reason }, 'boot script')
      return decisionScript(templates, view(c), decided)
    } catch (error) {
      metrics.bootScripts.inc({ decision: 'trouble' })
      log.error({ err: error, ...client }, 'boot decision failed')
      return trouble(c, Number(query.get('attempt')), error)
    }
  }

  function trouble(c: Context, attempt: number, error: unknown): string {
    try {
      const count = Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 0
      return troubleScript(templates, view(c), count, describeError(error).detail)
    } catch (second) {
      log.error({ err: second }, 'script could not be rendered')
      return LAST_RESORT
    }
  }
}

/** A machine that cannot even tell its MAC. */
const nobody: DecidedBoot = {
  decision: 'ignore',
  machine: 'unknown',
  reason: 'the boot loader tells neither MAC address nor serial number nor UUID',
}

/** Length spelled out: HEAD has to show it too, and firmware cannot do without. */
function send(c: Context, status: 200 | 403 | 404 | 405 | 410 | 500, type: string, text: string): Response {
  return c.body(text, status, {
    'Content-Type': type,
    'Content-Length': String(Buffer.byteLength(text)),
    'Cache-Control': 'no-store',
  })
}

function welcomePage({ https }: ServerView): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Landfall</title>
<p>This port serves boot files to machines. Landfall's web page is at <a href="${https}/">${https}/</a>.</p>
</html>
`
}
