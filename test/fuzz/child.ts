// A server program of the interop tests, started for fuzzing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Starts `test/interop/PROGRAM`; resolves with its first line of output that `ready` knows, and how to end it. */
export async function startProgram(
  program: string,
  config: object,
  ready: RegExp,
): Promise<{ pid: number; line: string; end(): Promise<void> }> {
  const argv = [join(import.meta.dirname, '../interop', program), JSON.stringify(config)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const line = await new Promise<string>((resolve, reject) => {
    lines.on('line', (text) => ready.test(text) && resolve(text))
    lines.on('close', () => reject(new Error(`${program} ended before it served`)))
  })
  return {
    pid: child.pid!,
    line,
    async end() {
      child.kill('SIGKILL')
      await exit
    },
  }
}
