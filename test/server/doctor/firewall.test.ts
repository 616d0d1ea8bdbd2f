import { describe, expect, it } from 'vitest'
import { firewallAnswer, readIptables, readNft } from '../../../server/doctor/firewall.ts'

const DHCP = { protocol: 'udp', port: 67, interface: 'eth1' } as const

const iptables = (policy: string, ...rules: string[]) =>
  readIptables(
    [
      '*nat',
      ':INPUT ACCEPT [0:0]',
      'COMMIT',
      '*filter',
      `:INPUT ${policy} [0:0]`,
      ':ufw - [0:0]',
      ...rules,
      'COMMIT',
    ].join('\n'),
  )

/** The policy, the rules, and what becomes of a DISCOVER by eth1. */
const IPTABLES: [name: string, policy: string, rules: string[], answer: string][] = [
  ['no rules', 'ACCEPT', [], 'passes'],
  ['a closed policy', 'DROP', [], 'dropped'],
  ['a port let in', 'DROP', ['-A INPUT -p udp -m udp --dport 67 -j ACCEPT'], 'passes'],
  ['ports let in', 'DROP', ['-A INPUT -p udp -m multiport --dports 53,67:69 -j ACCEPT'], 'passes'],
  ['another port let in', 'DROP', ['-A INPUT -p udp -m udp --dport 53 -j ACCEPT'], 'dropped'],
  ['the other protocol let in', 'DROP', ['-A INPUT -p tcp -m tcp --dport 67 -j ACCEPT'], 'dropped'],
  ['another link let in', 'DROP', ['-A INPUT -i eth0 -j ACCEPT'], 'dropped'],
  ['this link let in', 'DROP', ['-A INPUT -i eth+ -j ACCEPT'], 'passes'],
  ['all links but one let in', 'DROP', ['-A INPUT ! -i eth0 -j ACCEPT'], 'passes'],
  ['answers let in', 'DROP', ['-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'], 'dropped'],
  ['a port dropped', 'ACCEPT', ['-A INPUT -p udp -m udp --dport 67 -m comment --comment "no dhcp" -j DROP'], 'dropped'],
  [
    'a chain that rejects',
    'ACCEPT',
    ['-A INPUT -j ufw', '-A ufw -p udp -j REJECT --reject-with icmp-port-unreachable'],
    'dropped',
  ],
  ['a chain that returns', 'ACCEPT', ['-A INPUT -j ufw', '-A ufw -p udp -j RETURN', '-A ufw -j DROP'], 'passes'],
  ['a network let in', 'DROP', ['-A INPUT -s 10.0.0.0/8 -j ACCEPT'], 'unsure'],
  ['a match nobody knows', 'ACCEPT', ['-A INPUT -m set --match-set bad src -j DROP'], 'unsure'],
  ['a chain that is not there', 'ACCEPT', ['-A INPUT -j nowhere'], 'unsure'],
]

describe('iptables', () => {
  it.each(IPTABLES)('%s', (_, policy, rules, answer) => {
    expect(firewallAnswer(iptables(policy, ...rules), DHCP).answer).toBe(answer)
  })

  it('names the rule', () => {
    const rule = '-A INPUT -p udp -m udp --dport 67 -j DROP'
    expect(firewallAnswer(iptables('ACCEPT', rule), DHCP)).toEqual({ answer: 'dropped', rule })
  })
})

const where = { family: 'inet', table: 'filter' }

function nft(policy: string, ...rules: object[][]) {
  return readNft(
    JSON.stringify({
      nftables: [
        { metainfo: { version: '1.0.6' } },
        { table: { family: 'inet', name: 'filter' } },
        { chain: { ...where, name: 'input', type: 'filter', hook: 'input', prio: 0, policy } },
        { chain: { ...where, name: 'other' } },
        { chain: { family: 'ip6', table: 'filter', name: 'input', type: 'filter', hook: 'input', policy: 'drop' } },
        ...rules.map((expr) => ({ rule: { ...where, chain: 'input', expr } })),
        { rule: { ...where, chain: 'other', expr: [{ drop: null }] } },
      ],
    }),
  )
}

const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } })
const dport = { payload: { protocol: 'udp', field: 'dport' } }
const iifname = { meta: { key: 'iifname' } }
const state = { ct: { key: 'state' } }

const NFT: [name: string, policy: string, rules: object[][], answer: string][] = [
  ['no rules, and ip6 apart', 'accept', [], 'passes'],
  ['a closed policy', 'drop', [[{ counter: { packets: 0, bytes: 0 } }]], 'dropped'],
  ['a port let in', 'drop', [[match(dport, 67), { accept: null }]], 'passes'],
  ['ports let in', 'drop', [[match(dport, { set: [53, { range: [67, 69] }] }), { accept: null }]], 'passes'],
  ['another port let in', 'drop', [[match(dport, { set: [53, 69] }), { accept: null }]], 'dropped'],
  ['a named set', 'drop', [[match(dport, '@ports'), { accept: null }]], 'unsure'],
  ['this link let in', 'drop', [[match(iifname, 'eth1'), { accept: null }]], 'passes'],
  ['loopback let in', 'drop', [[match(iifname, 'lo'), { accept: null }]], 'dropped'],
  ['answers let in', 'drop', [[match(state, ['established', 'related'], 'in'), { accept: null }]], 'dropped'],
  [
    'a map of states',
    'drop',
    [
      [
        {
          vmap: {
            key: state,
            data: {
              set: [
                ['invalid', { drop: null }],
                ['established', { accept: null }],
              ],
            },
          },
        },
      ],
      [match(dport, 67), { accept: null }],
    ],
    'passes',
  ],
  ['a chain that drops', 'accept', [[match(dport, 67), { jump: { target: 'other' } }]], 'dropped'],
  ['what nobody knows', 'accept', [[{ xt: null }, { drop: null }]], 'unsure'],
]

describe('nftables', () => {
  it.each(NFT)('%s', (_, policy, rules, answer) => {
    expect(firewallAnswer(nft(policy, ...rules), DHCP).answer).toBe(answer)
  })
})
