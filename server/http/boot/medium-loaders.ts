// A boot medium's signed loaders in a folder of their own, where their GRUB finds the machine's configuration instead of the medium's.

/** Where media have their loaders; what shim asks for beside itself is there too. */
const FOLDER = 'EFI/BOOT'

/**
 * Path on disk of `<id>/<name>`, one of the medium's loaders. `file` finds a medium's files by their path below /media/. Firmware and shim
 * differ in the case of names, and FAT, which these come from, has none.
 */
export function mediumLoader(file: (path: string) => string | undefined, path: string): string | undefined {
  const [id, name, ...more] = path.split('/')
  if (!id || !name || more.length > 0 || !/\.efi$/i.test(name)) return undefined
  return [name, name.toUpperCase(), name.toLowerCase()]
    .map((one) => file(`${id}/${FOLDER}/${one}`))
    .find((found) => found !== undefined)
}
