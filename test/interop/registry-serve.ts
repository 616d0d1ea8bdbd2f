// Runs the real registry behind the real listener, without TLS, for measurements beside others that have none: `{"folder"}` as the only
// argument, `{"port":N}` on stdout once it listens. Whoever comes with a password may push.

import { join } from 'node:path'
import { listen } from '../../server/http/listen.ts'
import { BlobStore } from '../../server/oci/blob-store.ts'
import { registryApp } from '../../server/oci/registry/app.ts'
import { UploadStore } from '../../server/oci/upload-store.ts'
import { openStore } from '../../server/store/store.ts'

const { folder } = JSON.parse(process.argv[2] ?? '') as { folder: string }
const blobs = await BlobStore.open(join(folder, 'oci'))
const app = registryApp({
  blobs,
  uploads: await UploadStore.open(blobs),
  records: openStore(join(folder, 'registry.db')).images,
  access: { authenticate: () => ({ actor: 'bench', may: ['pull', 'push', 'delete'] }), isPublic: () => true },
  onError: (error) => console.error(error),
})
const { port } = await listen({ app, host: '127.0.0.1', port: 0, configKey: 'http.port' })
process.stdout.write(`${JSON.stringify({ port })}\n`)
