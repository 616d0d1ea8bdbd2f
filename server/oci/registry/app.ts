// `/v2/`: the registry, after the distribution specification 1.1, and `/extensions/v2/` for GPG signatures. Each endpoint has its file beside this
// one.
import { Hono } from 'hono'
import { RegistryDoor } from './access.ts'
import type { RegistryAction } from './access.ts'
import { deleteBlob, getBlob } from './blobs.ts'
import type { Registry, RegistryContext, RegistryEnv, RegistryOptions } from './context.ts'
import { failureResponse, RegistryError } from './errors.ts'
import { listSignatures, putSignature } from './extension.ts'
import { deleteManifest, getManifest, putManifest } from './manifests.ts'
import { registryTarget } from './path.ts'
import type { RegistryTarget } from './path.ts'
import { PullTurns } from './pull-turns.ts'
import { listReferrers } from './referrers.ts'
import { listTags } from './tags.ts'
import { beginUpload, cancelUpload, continueUpload, endUpload, findUpload, uploadState } from './uploads.ts'

/** A Hono app to be mounted at the root: it answers `/v2/`, `/extensions/v2/` and everything below. */
export function registryApp(options: RegistryOptions): Hono<RegistryEnv> {
  const registry: Registry = {
    judge: () => Promise.resolve(),
    isInstalling: () => false,
    onChange: () => {},
    onRead: () => {},
    onError: () => {},
    now: () => new Date(),
    publicOnly: false,
    ...options,
    turns: new PullTurns(),
  }
  const door = new RegistryDoor(registry)
  const app = new Hono<RegistryEnv>()
  app.use('/v2/*', async (c, next) => {
    c.header('Docker-Distribution-Api-Version', 'registry/2.0')
    c.header('X-Registry-Supports-Signatures', '1')
    await next()
  })
  app.get('/v2/', (c) => door.ping(c))
  app.get('/v2', (c) => c.redirect('/v2/', 308))
  if (!registry.publicOnly) app.get('/v2/token', (c) => door.token(c))
  app.on('ALL', ['/v2/*', '/extensions/v2/*'], (c) => {
    const target = registryTarget(c.req.path)
    if (!target) throw new RegistryError(404, 'UNSUPPORTED', `there is no ${c.req.method} ${c.req.path}`)
    const action = actionOf(c.req.method, target)
    c.set('registryCaller', door.enter(c, action, target.repository))
    const registryBehind = registry.through?.registryBehind(target.repository)
    if (action === 'push' && registryBehind !== undefined) {
      throw new RegistryError(405, 'UNSUPPORTED', `${target.repository} is fetched from ${registryBehind}: push there`)
    }
    return answer(c, registry, target)
  })
  app.onError((error, c) => failureResponse(error, c, registry.onError))
  return app
}

/** DELETE of an upload is part of a push. */
function actionOf(method: string, { kind }: RegistryTarget): RegistryAction {
  if (kind === 'uploads' || kind === 'upload') return 'push'
  if (method === 'GET' || method === 'HEAD') return 'pull'
  return method === 'DELETE' ? 'delete' : 'push'
}

async function answer(c: RegistryContext, registry: Registry, target: RegistryTarget): Promise<Response> {
  const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
  const { repository } = target
  switch (target.kind) {
    case 'blob':
      if (method === 'GET') return getBlob(c, registry, target)
      if (method === 'DELETE') return deleteBlob(c, registry, target)
      break
    case 'manifest':
      if (method === 'GET') return getManifest(c, registry, target)
      if (method === 'PUT') return putManifest(c, registry, target)
      if (method === 'DELETE') return deleteManifest(c, registry, target)
      break
    case 'uploads':
      if (method === 'POST') return beginUpload(c, registry, repository)
      break
    case 'upload': {
      const upload = await findUpload(registry, repository, target.id)
      if (method === 'GET') return uploadState(c, upload)
      if (method === 'PATCH') return continueUpload(c, registry, upload)
      if (method === 'PUT') return endUpload(c, registry, upload)
      if (method === 'DELETE') return cancelUpload(c, registry, upload)
      break
    }
    case 'tags':
      if (method === 'GET') return listTags(c, registry, repository)
      break
    case 'referrers':
      if (method === 'GET') return listReferrers(c, registry, target)
      break
    case 'signatures':
      if (method === 'GET') return listSignatures(c, registry, target)
      if (method === 'PUT') return putSignature(c, registry, target)
      break
  }
  throw new RegistryError(405, 'UNSUPPORTED', `${c.req.method} is not for ${c.req.path}`)
}
