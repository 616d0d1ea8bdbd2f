// `.treeinfo` and `.discinfo`: what an installer's tree says about itself (lorax treeinfo.py and discinfo.py, productmd's treeinfo 1.2).

export interface TreeInfo {
  family?: string
  version?: string
  /** As RPM names it: `x86_64`. */
  arch?: string
  stage2?: string
  kernel?: string
  initrd?: string
  /** Checksums by path, those by SHA-256 only. */
  checksums: ReadonlyMap<string, string>
}

export interface DiscInfo {
  /** `Fedora 43`, `Red Hat Enterprise Linux 9.6`, or the version alone. */
  release: string
  arch: string
}

type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Reads what is there; nothing is required. */
export function parseTreeInfo(text: string): TreeInfo {
  const sections = parseSections(text)
  const value = (section: string, key: string) => sections.get(section)?.get(key) || undefined
  const arch = value('general', 'arch') ?? value('tree', 'arch')
  const found = {
    family: value('general', 'family') ?? value('release', 'name'),
    version: value('general', 'version') ?? value('release', 'version'),
    arch,
    stage2: value('stage2', 'mainimage'),
    kernel: value(`images-${arch}`, 'kernel'),
    initrd: value(`images-${arch}`, 'initrd'),
  }
  const checksums = new Map<string, string>()
  for (const [path, sum] of sections.get('checksums') ?? []) {
    const [, hex] = /^sha256:([0-9a-f]{64})$/i.exec(sum) ?? []
    if (hex !== undefined) checksums.set(path, hex.toLowerCase())
  }
  return { ...withoutUndefined(found), checksums }
}

/** The least that Anaconda needs, for trees that came without. */
export function formatTreeInfo(info: Required<Omit<TreeInfo, 'checksums'>>): string {
  const { family, version, arch, stage2, kernel, initrd } = info
  return `[general]
family = ${family}
version = ${version}
arch = ${arch}
name = ${family} ${version}

[stage2]
mainimage = ${stage2}

[images-${arch}]
kernel = ${kernel}
initrd = ${initrd}
`
}

/** Undefined when it is not of that form: a timestamp, the release, the architecture, a line each. */
export function parseDiscInfo(text: string): DiscInfo | undefined {
  const [timestamp = '', release = '', arch = ''] = text.split('\n').map((line) => line.trim())
  return /^\d+(\.\d+)?$/.test(timestamp) && release !== '' && arch !== '' ? { release, arch } : undefined
}

/** INI as Python's configparser writes it; lines that are none are passed over. */
function parseSections(text: string): Sections {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  for (const line of text.split('\n')) {
    const [, title] = /^\[(.+)\]\s*$/.exec(line) ?? []
    const [, key, value] = /^([^\s;#=:][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (title !== undefined) sections.set(title, (section = sections.get(title) ?? new Map()))
    else if (key !== undefined) section?.set(key, value!)
  }
  return sections
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
