// The firmware's boot menu: what efibootmgr shows, and where the new system belongs in it.

export interface BootEntry {
  /** Four hex digits. */
  id: string
  label: string
  /** Device path in text form, as far as efibootmgr shows it. */
  path: string
}

export interface BootMenu {
  /** The entry this boot came from. */
  current: string | undefined
  order: string[]
  entries: BootEntry[]
}

/** Reads the output of `efibootmgr` (version 17 and later shows device paths after a tab, unasked or with -v). */
export function parseBootMenu(text: string): BootMenu {
  const menu: BootMenu = { current: undefined, order: [], entries: [] }
  for (const line of text.split('\n')) {
    const [, name, value] = /^(BootCurrent|BootOrder): (.*)$/.exec(line) ?? []
    if (name === 'BootCurrent') menu.current = value?.trim()
    if (name === 'BootOrder') menu.order = (value ?? '').split(',').flatMap((id) => id.trim() || [])
    const [, id, rest] = /^Boot([0-9A-F]{4})\*? (.*)$/.exec(line) ?? []
    if (id !== undefined && rest !== undefined) {
      const [label = '', path = ''] = rest.split('\t')
      menu.entries.push({ id, label: label.trim(), path: path.trim() })
    }
  }
  return menu
}

/** Network boot: PXE over IPv4 or IPv6, HTTP Boot, or a loader on a card's own path. */
export function isNetworkEntry(entry: BootEntry): boolean {
  return /\bMAC\(|\bIPv[46]\(|\bUri\(/i.test(entry.path) || /\b(PXE|HTTP|network|IPv[46])/i.test(entry.label)
}

/**
 * The order with the new entries right behind the network entry that booted: Landfall keeps its say at every start, and
 * tells deployed machines to boot their disk. After a boot from a medium, or from an entry that is not in the order, the new
 * entries come first.
 */
export function withNewEntries(menu: BootMenu, ids: readonly string[]): string[] {
  const others = menu.order.filter((other) => !ids.includes(other))
  const booted = menu.entries.find((entry) => entry.id === menu.current)
  const index = booted !== undefined && isNetworkEntry(booted) ? others.indexOf(booted.id) : -1
  return [...others.slice(0, index + 1), ...ids, ...others.slice(index + 1)]
}
