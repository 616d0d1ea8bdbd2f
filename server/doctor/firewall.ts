// Would this host's firewall let a new datagram in? Reads what `nft -j list ruleset` and `iptables-save` print; pure, and careful: what it
// does not understand makes it unsure, never wrong.

/** A packet nobody has answered yet, from an address that says nothing. */
export interface Probe {
  protocol: 'udp' | 'tcp'
  port: number
  /** The interface it comes in by; unknown when absent. */
  interface?: string
}

/** `rule` is the one that decides, as the firewall's own tool writes it, as far as possible. */
export type FirewallAnswer = { answer: 'passes' } | { answer: 'dropped' | 'unsure'; rule: string }

type Tri = 'yes' | 'no' | 'maybe'
type Verdict = { kind: 'accept' | 'drop' | 'return' | 'none' | 'unknown' } | { kind: 'jump' | 'goto'; chain: string }

interface Rule {
  text: string
  match: (probe: Probe) => Tri
  verdict: (probe: Probe) => Verdict
}

interface Chain {
  /** Where packets enter it from the kernel, with what becomes of those that reach its end. */
  policy?: 'accept' | 'drop'
  rules: Rule[]
}

export type Ruleset = ReadonlyMap<string, Chain>

/** Deeper nesting than anybody writes by hand. */
const MAX_DEPTH = 16

export function firewallAnswer(ruleset: Ruleset, probe: Probe): FirewallAnswer {
  let unsure: string | undefined
  for (const [name, { policy }] of ruleset) {
    if (policy === undefined) continue
    const run = walk(ruleset, name, probe, 0)
    const end = run.end === 'return' ? policy : run.end
    const rule = run.end === 'return' ? `policy of chain ${name}` : run.rule
    if (end === 'drop' && run.unsure === undefined) return { answer: 'dropped', rule }
    if (end === 'drop' || run.unsureDrop) unsure ??= run.unsure ?? rule
  }
  return unsure === undefined ? { answer: 'passes' } : { answer: 'unsure', rule: unsure }
}

interface Run {
  end: 'accept' | 'drop' | 'return'
  rule: string
  /** The first rule that may have decided otherwise. */
  unsure?: string
  /** It, or a later one, may have dropped the packet. */
  unsureDrop: boolean
}

function walk(ruleset: Ruleset, name: string, probe: Probe, depth: number): Run {
  const run: Run = { end: 'return', rule: '', unsureDrop: false }
  const chain = ruleset.get(name)
  if (!chain || depth > MAX_DEPTH) return { ...run, unsure: `chain ${name}`, unsureDrop: true }
  for (const rule of chain.rules) {
    const match = rule.match(probe)
    if (match === 'no') continue
    const verdict = rule.verdict(probe)
    if (verdict.kind === 'none') continue
    const inner = 'chain' in verdict ? walk(ruleset, verdict.chain, probe, depth + 1) : undefined
    if (match === 'maybe' || verdict.kind === 'unknown') {
      run.unsure ??= rule.text
      run.unsureDrop ||=
        verdict.kind === 'unknown' || verdict.kind === 'drop' || inner?.end === 'drop' || inner?.unsureDrop === true
      continue
    }
    if (inner?.unsure !== undefined) run.unsure ??= inner.unsure
    run.unsureDrop ||= inner?.unsureDrop === true
    const end = inner ? inner.end : (verdict.kind as 'accept' | 'drop' | 'return')
    if (end === 'return' && verdict.kind === 'jump') continue
    return { ...run, end, rule: inner?.rule || rule.text }
  }
  return run
}

// --- iptables-save

/** Reads the text of `iptables-save`: its filter table. */
export function readIptables(text: string): Ruleset {
  const chains = new Map<string, Chain>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    if (table !== 'filter') continue
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (name !== undefined)
      chains.set(name, { ...(name === 'INPUT' && { policy: policy === 'DROP' ? 'drop' : 'accept' }), rules: [] })
    const [, chain, rest] = /^-A (\S+) (.*)$/.exec(line) ?? []
    if (chain !== undefined && rest !== undefined) chains.get(chain)?.rules.push(iptablesRule(line, rest))
  }
  return chains
}

const IPTABLES_VERDICTS: Readonly<Record<string, Verdict>> = {
  ACCEPT: { kind: 'accept' },
  DROP: { kind: 'drop' },
  REJECT: { kind: 'drop' },
  RETURN: { kind: 'return' },
  LOG: { kind: 'none' },
  NFLOG: { kind: 'none' },
}

/** Options that say something about the target or nothing about the packet, with the number of words that follow. */
const IPTABLES_NEUTRAL: Readonly<Record<string, number>> = {
  '-m': 1,
  '--comment': 1,
  '--reject-with': 1,
  '--log-prefix': 1,
  '--log-level': 1,
}

function iptablesRule(text: string, rest: string): Rule {
  const words = rest.match(/"[^"]*"|\S+/g) ?? []
  const tests: ((probe: Probe) => Tri)[] = []
  let verdict: Verdict = { kind: 'none' }
  for (let at = 0; at < words.length; at++) {
    const negated = words[at] === '!'
    if (negated) at++
    const option = words[at]!
    const value = words[at + 1] ?? ''
    if (option === '-j' || option === '-g') {
      verdict = IPTABLES_VERDICTS[value] ?? { kind: option === '-j' ? 'jump' : 'goto', chain: value }
      at++
    } else if (Object.hasOwn(IPTABLES_NEUTRAL, option)) {
      at += IPTABLES_NEUTRAL[option]!
    } else {
      const test = iptablesTest(option, value)
      tests.push((probe) => negate(test(probe), negated))
      if (!value.startsWith('-') && value !== '!') at++
    }
  }
  return { text, match: (probe) => all(tests.map((test) => test(probe))), verdict: () => verdict }
}

function iptablesTest(option: string, value: string): (probe: Probe) => Tri {
  switch (option) {
    case '-p':
      return ({ protocol }) => (value === 'all' ? 'yes' : tri(value === protocol))
    case '--dport':
    case '--dports':
      return ({ port }) => tri(value.split(',').some((part) => inRange(port, part.split(':').map(Number))))
    case '-i':
      return ({ interface: name }) => sameInterface(name, value)
    case '--ctstate':
    case '--state':
      return () => tri(value.split(',').includes('NEW'))
    case '-s':
    case '-d':
      return () => (value === '0.0.0.0/0' ? 'yes' : 'maybe')
    default:
      return () => 'maybe'
  }
}

// --- nft

interface NftObject {
  chain?: { family: string; table: string; name: string; type?: string; hook?: string; policy?: string }
  rule?: { family: string; table: string; chain: string; expr: NftExpression[] }
}
type NftExpression = Record<string, unknown>

/** Reads the JSON of `nft -j list ruleset`: every chain that IPv4 packets to this host pass. Throws SyntaxError. */
export function readNft(json: string): Ruleset {
  const { nftables } = JSON.parse(json) as { nftables: NftObject[] }
  const chains = new Map<string, Chain>()
  for (const { chain } of nftables) {
    if (!chain || !['ip', 'inet'].includes(chain.family)) continue
    const isEntry = chain.type === 'filter' && ['input', 'prerouting'].includes(chain.hook ?? '')
    const policy = chain.policy === 'drop' ? ('drop' as const) : ('accept' as const)
    chains.set(nameOf(chain, chain.name), { ...(isEntry && { policy }), rules: [] })
  }
  for (const { rule } of nftables) {
    if (rule) chains.get(nameOf(rule, rule.chain))?.rules.push(nftRule(rule))
  }
  return chains
}

function nameOf({ family, table }: { family: string; table: string }, chain: string): string {
  return `${family} ${table} ${chain}`
}

const NFT_VERDICTS: ReadonlySet<string> = new Set(['accept', 'drop', 'reject', 'return', 'jump', 'goto', 'queue'])
const NFT_NEUTRAL: ReadonlySet<string> = new Set(['counter', 'log', 'comment', 'notrack'])

function nftRule(rule: NonNullable<NftObject['rule']>): Rule {
  const tests: ((probe: Probe) => Tri)[] = []
  let verdict: (probe: Probe) => Verdict = () => ({ kind: 'none' })
  for (const expression of rule.expr) {
    const [kind = '', value] = Object.entries(expression)[0] ?? []
    if (kind === 'match') tests.push((probe) => nftMatch(value as NftMatch, probe))
    else if (kind === 'vmap') verdict = (probe) => nftMap(value as NftMap, rule, probe)
    else if (NFT_VERDICTS.has(kind)) {
      const found = nftVerdict(expression, rule)
      verdict = () => found
    } else if (!NFT_NEUTRAL.has(kind)) tests.push(() => 'maybe')
  }
  const text = `${nameOf(rule, rule.chain)}: ${JSON.stringify(rule.expr)}`.slice(0, 300)
  return { text, match: (probe) => all(tests.map((test) => test(probe))), verdict: (probe) => verdict(probe) }
}

function nftVerdict(expression: NftExpression, rule: NonNullable<NftObject['rule']>): Verdict {
  if ('accept' in expression) return { kind: 'accept' }
  if ('drop' in expression || 'reject' in expression) return { kind: 'drop' }
  if ('return' in expression) return { kind: 'return' }
  for (const kind of ['jump', 'goto'] as const) {
    const to = expression[kind] as { target: string } | undefined
    if (to) return { kind, chain: nameOf(rule, to.target) }
  }
  return { kind: 'unknown' }
}

interface NftMatch {
  op: string
  left: Record<string, unknown>
  right: unknown
}

interface NftMap {
  key: Record<string, unknown>
  data: { set?: [unknown, NftExpression][] }
}

function nftMatch({ op, left, right }: NftMatch, probe: Probe): Tri {
  return negate(matchesValue(left, right, probe), op === '!=')
}

function nftMap({ key, data }: NftMap, rule: NonNullable<NftObject['rule']>, probe: Probe): Verdict {
  if (!Array.isArray(data.set)) return { kind: 'unknown' }
  for (const [value, verdict] of data.set) {
    const match = matchesValue(key, value, probe)
    if (match === 'maybe') return { kind: 'unknown' }
    if (match === 'yes') return nftVerdict(verdict, rule)
  }
  return { kind: 'none' }
}

function matchesValue(left: Record<string, unknown>, right: unknown, probe: Probe): Tri {
  if (typeof right === 'object' && right !== null && 'set' in right) return anyOf(right.set as unknown[], left, probe)
  if (Array.isArray(right)) return anyOf(right, left, probe)
  const meta = (left['meta'] as { key?: string } | undefined)?.key
  const payload = left['payload'] as { protocol?: string; field?: string } | undefined
  const ct = (left['ct'] as { key?: string } | undefined)?.key
  if (meta === 'iifname' || meta === 'iif')
    return typeof right === 'string' ? sameInterface(probe.interface, right) : 'maybe'
  if (meta === 'l4proto' || payload?.field === 'protocol') return tri(right === probe.protocol)
  if (meta === 'nfproto') return tri(right === 'ipv4')
  if (ct === 'state') return tri(right === 'new')
  if (payload?.field === 'dport') {
    if (payload.protocol !== 'th' && payload.protocol !== probe.protocol) return 'no'
    const range = (right as { range?: number[] } | null)?.range
    if (range) return tri(inRange(probe.port, range))
    return typeof right === 'number' ? tri(right === probe.port) : 'maybe'
  }
  // Matching fields of another protocol tells the protocol, too.
  if (payload?.protocol === 'icmp' || payload?.protocol === 'icmpv6' || payload?.protocol === 'ip6') return 'no'
  return 'maybe'
}

function anyOf(values: readonly unknown[], left: Record<string, unknown>, probe: Probe): Tri {
  const found = values.map((value) => matchesValue(left, value, probe))
  return found.includes('yes') ? 'yes' : found.includes('maybe') ? 'maybe' : 'no'
}

// --- both

function sameInterface(actual: string | undefined, wanted: string): Tri {
  const isPrefix = /[+*]$/.test(wanted)
  if (actual === undefined) return wanted === 'lo' ? 'no' : 'maybe'
  return tri(isPrefix ? actual.startsWith(wanted.slice(0, -1)) : actual === wanted)
}

function inRange(port: number, [from = 0, to = from]: number[]): boolean {
  return port >= from && port <= to
}

function tri(value: boolean): Tri {
  return value ? 'yes' : 'no'
}

function negate(value: Tri, negated: boolean): Tri {
  if (!negated || value === 'maybe') return value
  return value === 'yes' ? 'no' : 'yes'
}

function all(values: readonly Tri[]): Tri {
  return values.includes('no') ? 'no' : values.includes('maybe') ? 'maybe' : 'yes'
}
