// Which family of loaders a UEFI machine is offered: iPXE, or shim and GRUB (docs/decisions/0008-which-loader.md).

/** What is known of a machine; nothing of a stranger but what its firmware has shown. */
export interface LoaderHints {
  /** `boot.loader` of its spec. */
  wanted?: string | undefined
  /** As its agent has seen it. */
  secureBoot?: boolean | undefined
  /** Its firmware has fetched iPXE and not run it. */
  refusedIpxe: boolean
}

/** `file` is a loader that a person named. */
export type LoaderChoice = { family: 'ipxe' | 'grub' } | { file: string }

/** Takes the word of the first that has one: the machine's spec, the site, its agent, its firmware. */
export function chooseLoader(
  { wanted = 'auto', secureBoot, refusedIpxe }: LoaderHints,
  site: 'auto' | 'ipxe' | 'grub',
): LoaderChoice {
  const said = wanted === 'auto' ? site : wanted
  if (said === 'ipxe' || said === 'grub') return { family: said }
  if (said !== 'auto') return { file: said }
  return { family: secureBoot === true || refusedIpxe ? 'grub' : 'ipxe' }
}
