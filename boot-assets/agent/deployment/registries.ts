// Registries of the spec as `bootc upgrade` knows them: logins, certificate authorities, mirrors.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { registryAuth, registryFiles } from '../../../server/contract/registry-files.ts'
import type { MachineSpec } from '../../../server/contract/spec.ts'
import type { NewFile } from './new-file.ts'

const AUTH_FILE = 'etc/ostree/auth.json'

/** `root` is the deployment, `own` the registry that it follows and the CA that vouches for it. Logins of the image stay beside those of the spec. */
export async function registries(
  root: string,
  registry: MachineSpec['registry'],
  own: { registry: string; ca: string } | undefined,
): Promise<NewFile[]> {
  const files: NewFile[] = registryFiles(registry, own).map(({ path, text }) => ({
    path: path.slice(1),
    text,
    mode: 0o644,
  }))
  const auth = registryAuth(registry)
  if (auth === undefined) return files
  const text = withLogins(await readFile(join(root, AUTH_FILE), 'utf8').catch(() => '{}'), auth)
  return [...files, { path: AUTH_FILE, text, mode: 0o600 }]
}

/** containers-auth.json(5): what else the file says is kept; a file that is no JSON is replaced. */
function withLogins(former: string, added: string): string {
  const { auths } = JSON.parse(added) as { auths: object }
  try {
    const kept = JSON.parse(former) as { auths?: object }
    return `${JSON.stringify({ ...kept, auths: { ...kept.auths, ...auths } })}\n`
  } catch {
    return added
  }
}
