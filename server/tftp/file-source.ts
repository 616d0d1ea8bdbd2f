/** What TFTP serves: a fixed list of files by bare name, and small texts made for the address that is asked. */
import { FileCache } from './file-cache.ts'
import type { TftpSource } from './source.ts'

/**
 * A name is only looked up in these two lists; it never becomes a path on disk. Leading folders are ignored, because firmware asks beside
 * the file it has (`\EFI\debian\grubx64.efi`).
 */
export function fileSource(
  files: () => Readonly<Record<string, string>>,
  texts: Readonly<Record<string, (localAddress: string) => string>>,
): TftpSource {
  const cache = new FileCache()
  return async (name, { localAddress }) => {
    const bare = name.slice(name.lastIndexOf('/') + 1)
    if (Object.hasOwn(texts, bare)) return Buffer.from(texts[bare]!(localAddress))
    const known = files()
    return Object.hasOwn(known, bare) ? cache.open(known[bare]!) : undefined
  }
}
