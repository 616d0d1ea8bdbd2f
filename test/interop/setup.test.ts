// `landfall setup` as a person meets it: questions on a terminal, a real DHCP server on the network, and what is left behind.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Namespace } from '../e2e/lab/namespace.ts'
import { dnsmasq, threeHosts } from './dhcp-lan.ts'
import { withNetns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const MINUTE = 60_000
const CTRL_C = '\u0003'

/** Answers each question as it comes; resolves with all that was on the screen. */
async function converse(
  namespace: Namespace,
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<{ screen: string; code: number }> {
  const command = [process.execPath, COMMAND, 'setup', ...args].join(' ')
  const [program, ...argv] = namespace.inside(['script', '-qec', command, '/dev/null'])
  const terminal = spawn(program!, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  let screen = ''
  let read = 0
  const left = [...answers]
  terminal.stdout.on('data', (chunk: Buffer) => {
    screen = stripVTControlCharacters(screen + chunk.toString())
    const [next] = left
    const asked = next?.[0].exec(screen.slice(read))
    if (!next || !asked) return
    left.shift()
    read = screen.length
    terminal.stdin.write(next[1])
  })
  const [code] = (await once(terminal, 'close')) as [number]
  expect(left, screen).toEqual([])
  return { screen, code }
}

describe('the set-up on a terminal', { timeout: 5 * MINUTE }, () => {
  it('looks for other servers, proposes what goes beside them, and writes what was agreed to', (test) =>
    withNetns(test, ['script', 'dnsmasq'], async (net) => {
      const { ours, theirs } = await threeHosts(net)
      await dnsmasq(net, theirs, '--no-ping')
      const file = join(net.folder, 'landfall.toml')
      const { screen, code } = await converse(
        ours,
        ['--file', file],
        [
          [/Interface that machines boot from, of br0 \(10\.77\.0\.1\/24\) \[br0\]: $/, '\r'],
          [/DHCP: .* \[proxy\]: $/, '\r'],
          [/Write it\? \[yes\]: $/, '\r'],
        ],
      )
      expect(code, screen).toBe(0)
      expect(screen).toContain('another DHCP server, 10.77.0.2, answers on br0')
      expect(readFileSync(file, 'utf8')).toContain('mode = "proxy"\ninterface = "br0"\n')
      expect(screen).toContain(`next: landfall serve --build --config ${file}`)

      const again = await converse(ours, ['--file', file], [])
      expect(again.code).toBe(1)
      expect(again.screen).toContain('--force replaces it')
    }))

  it('gives addresses where nobody else does', (test) =>
    withNetns(test, ['script'], async (net) => {
      const { ours } = await threeHosts(net)
      const file = join(net.folder, 'landfall.toml')
      const { screen, code } = await converse(
        ours,
        ['--file', file],
        [
          [/\[br0\]: $/, '\r'],
          [/\[auto\]: $/, 'server\r'],
          [/Write it\? \[yes\]: $/, 'y\r'],
        ],
      )
      expect(code, screen).toBe(0)
      expect(screen).toContain('no other DHCP server answers on br0')
      expect(readFileSync(file, 'utf8')).toContain('cidr = "10.77.0.0/24"\npool = ["10.77.0.128-10.77.0.254"]\n')
    }))

  it.for([
    ['a no', 'no\r', 0, /nothing was written/],
    ['Ctrl-C', CTRL_C, 1, /left before the end: nothing was changed/],
  ] as const)('changes nothing when it is left by %s', ([, answer, expected, said], test) =>
    withNetns(test, ['script'], async (net) => {
      const { ours } = await threeHosts(net)
      const file = join(net.folder, 'landfall.toml')
      const args = ['--file', file, '--interface', 'br0', '--dhcp', 'auto', '--no-probe']
      const { screen, code } = await converse(ours, args, [[/Write it\? \[yes\]: $/, answer]])
      expect(code, screen).toBe(expected)
      expect(screen).toMatch(said)
      expect(existsSync(file)).toBe(false)
    }),
  )

  it('refuses an interface that is not there, and names those that are', (test) =>
    withNetns(test, ['script'], async (net) => {
      const { ours } = await threeHosts(net)
      const { screen, code } = await converse(ours, ['--interface', 'eth7', '--file', join(net.folder, 'l.toml')], [])
      expect(code).toBe(2)
      expect(screen).toContain('there is no interface eth7')
      expect(screen).toContain('br0 (10.77.0.1/24)')
    }))

  it('refuses addresses to give where another server gives them', (test) =>
    withNetns(test, ['script'], async (net) => {
      const { ours } = await threeHosts(net)
      const file = join(net.folder, 'landfall.toml')
      const args = ['--file', file, '--interface', 'br0', '--dhcp', 'proxy', '--pool', '10.77.0.9', '--no-probe']
      const { screen, code } = await converse(ours, args, [])
      expect(code, screen).toBe(2)
      expect(screen).toContain('leave out --pool and --router')
      expect(existsSync(file)).toBe(false)
    }))
})
