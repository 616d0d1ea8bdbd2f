// Questions to the person in front of the machine, on whichever console that is.
import type { Console } from './console.ts'
import { AgentError } from './errors.ts'
import type { Host } from './sys/host.ts'

export interface Prompt {
  /** Shows the question on every console; resolves with the first line typed on any of them, without blanks around it. */
  ask(question: string): Promise<string>
}

/** The longest that timers can count, 24 days: people are out for lunch. */
const FOREVER_MS = 2 ** 31 - 1

/** `devices` are those of the consoles: `/dev/tty0`, `/dev/ttyS0`. */
export function consolePrompt(host: Host, console: Console, devices: readonly string[]): Prompt {
  return {
    async ask(question) {
      console.say(question)
      const answered = new AbortController()
      try {
        return await Promise.any(devices.map((device) => readLine(host, device, answered.signal)))
      } catch (cause) {
        throw new AgentError('INTERNAL', 'asking on the console: no console can be read', {
          cause,
          hint: 'connect a keyboard or a serial line, or make the medium without --confirm',
        })
      } finally {
        answered.abort()
      }
    },
  }
}

/** By a program, since a read of a console cannot be called off; noctty, or its end would hang up the console. */
async function readLine(host: Host, device: string, signal: AbortSignal): Promise<string> {
  const args = [`if=${device}`, 'iflag=noctty', 'bs=4096', 'count=1', 'status=none']
  const { stdout } = await host.run('dd', args, { timeout: FOREVER_MS, signal })
  // The end of input, as a console gives it that was hung up, is no answer.
  if (stdout === '') throw new Error(`${device} was hung up`)
  return stdout.trim()
}
