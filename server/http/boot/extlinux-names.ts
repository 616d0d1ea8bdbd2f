// The names under which U-Boot looks for its menu (U-Boot: `pxe get`, boot method `pxe`), and what each says about who asks.
import { Architecture, Mac } from '../../contract/common.ts'

/** A board that asks for its menu. */
export interface ExtlinuxRequest {
  mac: string
  /** As the folder says in which it was told to look. */
  architecture?: Architecture
}

/** Without one, U-Boot asks for the next name, down to `default`, which cannot say for whom it is. */
const BY_MAC = /^(?:u-boot\/([a-z0-9]+)\/)?pxelinux\.cfg\/01-([0-9a-f]{2}(?:-[0-9a-f]{2}){5})$/i

/** Reads a TFTP name: `u-boot/arm64/pxelinux.cfg/01-52-54-00-12-34-56`, with or without the folder. Undefined for anything else. */
export function parseExtlinuxName(name: string): ExtlinuxRequest | undefined {
  const [, folder, address] = BY_MAC.exec(name) ?? []
  const mac = Mac.safeParse(address?.replaceAll('-', ':'))
  if (!mac.success) return undefined
  const architecture = Architecture.safeParse(folder)
  return { mac: mac.data, ...(architecture.success && { architecture: architecture.data }) }
}
