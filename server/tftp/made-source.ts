/** Sources beside the fixed list of files: texts made for who asks, files found by their whole name. */
import { FileCache } from './file-cache.ts'
import type { TftpSource } from './source.ts'

/** Texts made for each request; undefined for a name that is none. */
export function textSource(
  make: (name: string, request: { remoteAddress: string; localAddress: string }) => string | undefined,
): TftpSource {
  return async (name, request) => {
    const text = make(name, request)
    return text === undefined ? undefined : Buffer.from(text)
  }
}

/** Files on disk that `locate` names; a request's name never becomes a path by itself. */
export function locatedSource(locate: (name: string) => string | undefined): TftpSource {
  const cache = new FileCache()
  return async (name) => {
    const path = locate(name)
    return path === undefined ? undefined : cache.open(path)
  }
}

/** What the first source that knows the name has. */
export function firstOf(...sources: readonly TftpSource[]): TftpSource {
  return async (name, request) => {
    for (const source of sources) {
      const found = await source(name, request)
      if (found) return found
    }
    return undefined
  }
}
