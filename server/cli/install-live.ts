// An install while it runs: lines that stay, and below them what moves, drawn over on a terminal, a plain line now and then elsewhere.
import { setTimeout } from 'node:timers/promises'
import { formatBytes } from '../contract/bytes.ts'
import { layersText } from '../contract/layer-news.ts'
import type { InstallLayer } from '../contract/install-layers.ts'
import { InstallDetail } from '../contract/install.ts'
import type { InstallState } from '../contract/install.ts'
import { paceText } from '../contract/pace.ts'
import type { ApiClient } from './client.ts'
import { shortDigest } from './output.ts'
import { patiently } from './patience.ts'
import { bar, liveBlock } from './progress.ts'

const PAUSE_MS = 1000
const ENDED: ReadonlySet<InstallState> = new Set(['succeeded', 'failed', 'superseded'])

interface FollowOptions {
  /** Where bars go, and the outcome; what stays goes to standard output. */
  stream?: NodeJS.WriteStream
  print?: (line: string) => void
  pauseMs?: number
}

/** Looks at the install until it has ended. `news` has the lines that stay. Outlives a server that restarts. */
export async function followInstall(
  client: Pick<ApiClient, 'call'>,
  id: string,
  news: (install: InstallDetail) => Promise<string[]>,
  { stream = process.stderr, print = console.log, pauseMs = PAUSE_MS }: FollowOptions = {},
): Promise<void> {
  const block = liveBlock(stream)
  try {
    for (;;) {
      // Before the news, so that the last ones come too.
      const install = await patiently(() => client.call('GET', `/installs/${id}`, InstallDetail))
      const lines = await news(install)
      if (lines.length > 0) block.clear()
      for (const line of lines) print(line)
      if (ENDED.has(install.state)) {
        block.clear()
        const why = install.failure ? `: ${install.failure.code}: ${install.failure.message}` : ''
        stream.write(`the install has ${install.state}${why}\n`)
        return
      }
      block.draw(installLines(install), movementLine(install))
      await setTimeout(pauseMs)
    }
  } finally {
    block.clear()
  }
}

/** What moves: the running step with its rate and the time left, and each layer that streams. */
export function installLines(install: Pick<InstallDetail, 'steps' | 'layers'>): string[] {
  const step = install.steps.find(({ state, totalBytes }) => state === 'running' && totalBytes > 0)
  if (!step) return []
  const streaming = install.layers.filter(({ state }) => state === 'streaming')
  return [`${bar(step.bytes, step.totalBytes)} ${step.name}  ${paceText(step)}`, ...streaming.map(layerLine)]
}

function layerLine({ digest, bytes, size, source }: InstallLayer): string {
  const from = source === null ? '' : ` from ${source}`
  return `${bar(bytes, size)} ${shortDigest(digest)}  ${formatBytes(bytes)} of ${formatBytes(size)}${from}`
}

/** The same in one line; undefined when nothing moves. */
function movementLine({ steps, layers }: InstallDetail): string | undefined {
  const step = steps.find(({ state, totalBytes }) => state === 'running' && totalBytes > 0)
  return step && [`${step.name}: ${paceText(step)}`, layersText(layers)].filter(Boolean).join('; ')
}
