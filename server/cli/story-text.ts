// A boot story on a terminal: one line a step, and what it comes to.
import type { BootStory, StoryStep, Trace, Verdict } from '../contract/trace.ts'

/** The newest boot last, where a terminal ends. */
export function traceText({ clients, boots }: Trace): string {
  if (boots.length === 0) {
    return [
      `nothing was heard of ${clients.join(', ')} since the server started`,
      '  start the machine from the network; `landfall doctor netboot` looks for what is in its way',
    ].join('\n')
  }
  return boots.toReversed().map(bootText).join('\n\n')
}

export function bootText({ startedAt, steps, verdict }: BootStory): string {
  return [`Boot of ${startedAt}`, ...steps.map(stepText), ...verdictLines(verdict)].join('\n')
}

function stepText({ seconds, count, lastedSeconds, level, text, reason }: StoryStep): string {
  const times = count > 1 ? ` ×${count} in ${lastedSeconds} s` : ''
  const mark = level === 'danger' ? '!' : level === 'warning' ? '?' : ' '
  const line = `${`+${seconds.toFixed(1)}`.padStart(8)} s ${mark} ${text}${times}`
  return reason === null ? line : `${line}\n${' '.repeat(13)}because ${reason}`
}

const STANDING: Record<Verdict['level'], string> = { waiting: 'So far', good: 'Result', trouble: 'Trouble' }

export function verdictLines({ code, level, message, causes, next }: Verdict): string[] {
  return [
    `${STANDING[level]}: ${message} (${code})`,
    ...causes.map((cause) => `  perhaps: ${cause}`),
    ...next.map((step) => `  next: ${step}`),
  ]
}
