// Lets the command line on the server's own machine in without a login: whoever may read the data folder may do all of this anyway.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCAL_ACCESS_FILE, LocalAccess } from './contract/local-access.ts'
import type { Tokens } from './core/tokens.ts'

/** Name of the API token that the file holds. */
export const LOCAL_TOKEN = 'local'

/** Writes the access file (mode 0600), keeping the token it has while that is good. */
export async function ensureLocalAccess(
  dataDir: string,
  { url, ca, tokens }: { url: string; ca: string; tokens: Tokens },
): Promise<void> {
  const file = join(dataDir, LOCAL_ACCESS_FILE)
  const token = (await usableToken(file, tokens)) ?? newToken(tokens)
  const access: LocalAccess = { url, token, ca }
  await writeFile(`${file}.new`, `${JSON.stringify(access, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function usableToken(file: string, tokens: Tokens): Promise<string | undefined> {
  try {
    const { token } = LocalAccess.parse(JSON.parse(await readFile(file, 'utf8')))
    return tokens.authenticate(token)?.name === LOCAL_TOKEN ? token : undefined
  } catch {
    return undefined // absent or damaged: it is written anew
  }
}

function newToken(tokens: Tokens): string {
  const former = tokens.listApiTokens().find(({ name }) => name === LOCAL_TOKEN)
  if (former) tokens.revoke(former.id, 'system')
  return tokens.createApiToken({ name: LOCAL_TOKEN, role: 'admin' }, 'system').secret
}
