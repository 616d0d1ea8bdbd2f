// Secrets for bearers: made once, told once, stored as a hash.
import { createHash, randomBytes } from 'node:crypto'
import type { TokenKind } from './token-store.ts'

/** Marks the kind, so that scanners and people recognise a leaked one. */
const PREFIX: Record<TokenKind, string> = {
  install: 'lfi_',
  agent: 'lfs_',
  confirm: 'lfc_',
  pull: 'lfp_',
  api: 'lfa_',
  ui: 'lfu_',
  login: 'lfl_',
}

/** 256 random bits behind the kind's prefix. */
export function newSecret(kind: TokenKind): string {
  return PREFIX[kind] + randomBytes(32).toString('base64url')
}

/** Whether a text has the form of our secrets: then it is no password, though it may stand where one belongs. */
export function isSecret(text: string): boolean {
  return /^lf[a-z]_[\w-]{43}$/.test(text)
}

/** What is stored. A plain hash will do: nobody can guess 256 random bits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
