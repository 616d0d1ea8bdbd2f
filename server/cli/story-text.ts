// A boot story on a terminal: one line a step, and what it comes to.
import type { BootStory, StoryStep, Trace, Verdict } from '../contract/trace.ts'

/** The newest boot last, where a terminal ends. */
export function traceText({ clients, boots }: Trace): string {
  if (boots.length === 0) {
    return [
      `nothing was heard of ${clients.join(', ')}, or not lately`,
      '  start the machine from the network; `landfall doctor netboot` looks for what is in its way',
    ].join('\n')
  }
  return boots.toReversed().map(bootText).join('\n\n')
}

export function bootText({ startedAt, steps, verdict }: BootStory): string {
  return [`Boot of ${startedAt}`, ...steps.map(stepText), ...verdictLines(verdict)].join('\n')
}

/** Lines of the newest boot that `told` does not have yet; they are in it afterwards. */
export function storyNews({ boots: [boot] }: Trace, told: Set<string>): string[] {
  if (!boot) return []
  const { startedAt, steps, verdict } = boot
  const lines = [
    { key: startedAt, text: `Boot of ${startedAt}` },
    ...steps.map((step) => ({ key: `${startedAt} ${step.at} ${step.text}`, text: stepText(step) })),
    { key: `${startedAt} ${verdict.code} ${verdict.message}`, text: verdictLines(verdict).join('\n') },
  ]
  const news = lines.filter(({ key }) => !told.has(key))
  for (const { key } of news) told.add(key)
  return news.map(({ text }) => text)
}

function stepText({ seconds, count, lastedSeconds, level, text, reason }: StoryStep): string {
  const times = count > 1 ? ` ×${count} in ${lastedSeconds} s` : ''
  const mark = level === 'danger' ? '!' : level === 'warning' ? '?' : ' '
  const line = `${`+${seconds.toFixed(1)}`.padStart(8)} s ${mark} ${text}${times}`
  return reason === null ? line : `${line}\n${' '.repeat(13)}because ${reason}`
}

const STANDING: Record<Verdict['level'], string> = { waiting: 'So far', good: 'Result', trouble: 'Trouble' }

function verdictLines({ code, level, message, causes, next }: Verdict): string[] {
  return [
    `${STANDING[level]}: ${message} (${code})`,
    ...causes.map((cause) => `  perhaps: ${cause}`),
    ...next.map((step) => `  next: ${step}`),
  ]
}
