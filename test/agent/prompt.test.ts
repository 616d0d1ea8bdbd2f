import { describe, expect, it } from 'vitest'
import { textConsole } from '../../boot-assets/agent/console.ts'
import { AgentError } from '../../boot-assets/agent/errors.ts'
import { consolePrompt } from '../../boot-assets/agent/prompt.ts'
import { realHost } from '../../boot-assets/agent/sys/host.ts'
import type { Host } from '../../boot-assets/agent/sys/host.ts'

const SILENCE = Symbol('nobody types')
const BROKEN = Symbol('cannot be read')

/** Consoles on which these things happen. */
function scene(devices: Record<string, string | symbol>) {
  const ended: string[] = []
  let text = ''
  const host: Host = {
    ...realHost,
    run: (_, args = [], { signal } = {}) => {
      const device = args[0]!.replace('if=', '')
      const said = devices[device]!
      if (said === BROKEN) return Promise.reject(new Error('no such device'))
      if (typeof said === 'string') return Promise.resolve({ stdout: said, stderr: '', exitCode: 0 })
      return new Promise((_resolve, reject) => {
        signal!.addEventListener('abort', () => {
          ended.push(device)
          reject(new Error('ended'))
        })
      })
    },
  }
  const console = textConsole({ write: (chunk: string) => (text += chunk) })
  return { prompt: consolePrompt(host, console, Object.keys(devices)), ended, text: () => text }
}

describe('consolePrompt', () => {
  it('takes the first line typed anywhere and stops listening elsewhere', async () => {
    const { prompt, ended, text } = scene({ '/dev/tty0': SILENCE, '/dev/ttyS1': BROKEN, '/dev/ttyS0': ' yes \n' })
    expect(await prompt.ask('Sure?')).toBe('yes')
    expect(text()).toContain('Sure?')
    expect(ended).toEqual(['/dev/tty0'])
  })

  it('takes Enter for an answer, but not a console that hangs up', async () => {
    expect(await scene({ '/dev/tty0': '\n', '/dev/ttyS0': '' }).prompt.ask('Go on?')).toBe('')
  })

  it('says so when there is nobody to ask', async () => {
    const { prompt } = scene({ '/dev/tty0': BROKEN, '/dev/ttyS0': '' })
    await expect(prompt.ask('Sure?')).rejects.toThrowWithCode(AgentError, 'INTERNAL')
  })
})
