// Installs followed on the command line, by a server that only answers what it is told to.
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { followInstall, installLines } from '../../../server/cli/install-live.ts'
import { landfallProgram } from '../../../server/cli/program.ts'
import { liveBlock } from '../../../server/cli/progress.ts'
import type { InstallLayer } from '../../../server/contract/install-layers.ts'
import { InstallDetail } from '../../../server/contract/install.ts'
import type { InstallStep } from '../../../server/contract/install.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { digestOf } from '../../helpers/store-fakes.ts'

const ID = '01890000-0000-7000-8000-000000000002'
const AT = '2026-01-31T12:00:00.000Z'

const fetching = (bytes: number, state: InstallStep['state'] = 'running'): InstallStep => ({
  name: 'fetch',
  state,
  startedAt: AT,
  endedAt: null,
  bytes,
  totalBytes: 200,
  rate: 10,
  message: 'streaming',
})

const layer = (digit: string, state: InstallLayer['state'], bytes = 0): InstallLayer => ({
  digest: digestOf(digit),
  size: 100,
  bytes,
  state,
  source: state === 'waiting' ? null : 'landfall:8443',
})

function install(change: Partial<InstallDetail> = {}): InstallDetail {
  return InstallDetail.parse({
    id: ID,
    machineId: ID,
    generation: 1,
    state: 'running',
    image: 'os/web:stable',
    digest: digestOf('a'),
    spec: MachineSpec.parse({}),
    trust: null,
    plan: null,
    erasures: [],
    steps: [fetching(50)],
    failure: null,
    createdAt: AT,
    startedAt: AT,
    endedAt: null,
    confirmedDigest: null,
    agentPeakRss: null,
    layers: [layer('1', 'done', 100), layer('2', 'streaming', 50), layer('3', 'waiting')],
    ...change,
  } satisfies InstallDetail)
}

const ENDED = install({
  state: 'failed',
  failure: { code: 'NETWORK', message: 'no route' },
  steps: [fetching(50, 'failed')],
})

/** What was written, and what one would see. */
function screen(isTTY: boolean) {
  let text = ''
  const stream = { isTTY, columns: 60, rows: 24, write: (chunk: string) => (text += chunk) }
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text }
}

async function followed(isTTY: boolean, ...looks: InstallDetail[]): Promise<{ bars: string; lines: string[] }> {
  const { stream, text } = screen(isTTY)
  const lines: string[] = []
  const client = { call: async () => looks.shift() as never }
  let round = 0
  await followInstall(client, ID, async () => [`line ${++round}`], {
    stream,
    print: (line) => lines.push(line),
    pauseMs: 0,
  })
  return { bars: text(), lines }
}

describe('an install that is followed', () => {
  it('shows a bar for the step and each layer that streams, drawn over until it ends', async () => {
    const { bars, lines } = await followed(true, install(), install({ layers: [] }), ENDED)
    expect(lines).toEqual(['line 1', 'line 2', 'line 3'])
    const [first, second, end] = bars.split('\r\x1b[J')
    expect(first!.split('\n')).toEqual([
      expect.stringMatching(/^\[=+ +\] fetch {2}50 B of 200 B/),
      expect.stringMatching(/^\[=+ +\] 222222222222 {2}50 B of/),
      '\x1b[2A',
    ])
    expect(second!.split('\n')).toHaveLength(2)
    expect(end).toBe('the install has failed: NETWORK: no route\n')
  })

  it('is plain lines elsewhere, few of them', async () => {
    const { bars } = await followed(false, install(), install(), install(), ENDED)
    expect(bars).toBe(
      'fetch: 50 B of 200 B, 10 B/s, 15 s left; 1 of 3 layers are here\nthe install has failed: NETWORK: no route\n',
    )
  })

  it('of an agent that tells nothing of layers has one bar', () => {
    expect(installLines(install({ layers: [] }))).toHaveLength(1)
    expect(installLines(install({ steps: [fetching(0, 'done')] }))).toEqual([])
  })
})

describe('what is drawn over', () => {
  it('is no wider and no higher than the terminal', () => {
    const { stream, text } = screen(true)
    const block = liveBlock(stream)
    block.draw(
      Array.from({ length: 100 }, () => 'x'.repeat(100)),
      undefined,
    )
    const lines = text().trimEnd().split('\n')
    expect(lines).toHaveLength(23)
    expect(lines.every((line) => line.length < 60)).toBe(true)
    block.clear()
    block.clear()
    expect(text().endsWith('\x1b[23A\r\x1b[J')).toBe(true)
  })
})

describe('landfall install logs -f', () => {
  const line = (seq: number) => ({ seq, at: AT, level: 'info', text: `line ${seq}` })
  let printed: string[]
  beforeEach(() => {
    printed = []
    vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text))
    vi.spyOn(console, 'error').mockImplementation((text: string) => void printed.push(`! ${text}`))
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => (printed.push(`! ${String(text).trimEnd()}`), true))
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })

  /** `looks` at the install one after the other; each time it has so many lines of log. */
  async function serve(looks: { install: InstallDetail; lines: number }[], breakOff: (look: number) => boolean) {
    const asked: string[] = []
    let look = -1
    const json = (response: ServerResponse, value: unknown) => response.end(JSON.stringify(value))
    const server = createServer(({ url = '' }, response) => {
      asked.push(url)
      const after = Number(/after=(\d+)/.exec(url)?.[1])
      if (url.includes('/log?')) {
        const lines = Array.from({ length: looks[look]!.lines }, (_, i) => line(i + 1))
        return json(response, { items: lines.filter(({ seq }) => seq > after) })
      }
      look = Math.min(look + 1, looks.length - 1)
      if (breakOff(look)) {
        look--
        return response.destroy()
      }
      return json(response, looks[look]!.install)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    vi.stubEnv('LANDFALL_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    vi.stubEnv('LANDFALL_TOKEN', 'lfa_test')
    return asked
  }

  const run = (...args: string[]) => landfallProgram('0').parseAsync(['node', 'landfall', ...args])

  it('prints every line once, outlives a server that is away, and ends with the install', async () => {
    let broken = 1
    const asked = await serve(
      [
        { install: install(), lines: 0 },
        { install: install(), lines: 2 },
        { install: install(), lines: 2 },
        { install: ENDED, lines: 3 },
      ],
      (look) => look === 2 && broken-- > 0,
    )
    await run('install', 'logs', '-f', ID)
    expect(printed.filter((text) => text.includes('line'))).toEqual([1, 2, 3].map((seq) => `${AT} info  line ${seq}`))
    expect(printed.filter((text) => text.includes('trying again'))).toHaveLength(1)
    expect(printed.at(-1)).toBe('! the install has failed: NETWORK: no route')
    expect(asked.filter((url) => url.includes('/log?after=2'))).not.toHaveLength(0)
  })

  it('gives programs one object a line', async () => {
    await serve([{ install: ENDED, lines: 2 }], () => false)
    await run('-o', 'json', 'install', 'logs', '-f', ID)
    const lines = printed.filter((text) => text.startsWith('{'))
    expect(lines.map((text) => JSON.parse(text) as unknown)).toEqual([line(1), line(2)])
  })

  it('has a sister that follows the steps', async () => {
    await serve(
      [
        { install: install(), lines: 0 },
        { install: install({ steps: [fetching(90)] }), lines: 0 },
        { install: ENDED, lines: 0 },
      ],
      () => false,
    )
    await run('install', 'watch', ID)
    expect(printed.filter((text) => text.startsWith('fetch'))).toEqual([
      'fetch      begins',
      'fetch      failed: streaming',
    ])
  })
})
