import { describe, expect, it } from 'vitest'
import { CommandError, runCommand } from '../../../boot-assets/agent/sys/command.ts'

const sh = (script: string, options = {}) => runCommand('sh', ['-c', script], options)
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: CommandError) => error,
  )

describe('runCommand', () => {
  it('answers both streams, in UTF-8 whatever the locale', async () => {
    expect(await sh('echo out; echo err >&2; echo $LC_ALL')).toEqual({
      stdout: 'out\nC.UTF-8\n',
      stderr: 'err\n',
      exitCode: 0,
    })
  })

  it('hands over input, and bears a program that does not read it', async () => {
    expect((await runCommand('cat', [], { input: 'text' })).stdout).toBe('text')
    expect((await runCommand('true', [], { input: 'x'.repeat(2 ** 20) })).exitCode).toBe(0)
  })

  it('says which program failed and what it said', async () => {
    const error = await errorOf(sh('echo no such luck >&2; exit 3'))
    expect(error).toBeInstanceOf(CommandError)
    expect(error).toMatchObject({ reason: 'exit', exitCode: 3, stderr: 'no such luck\n' })
    expect(error!.message).toMatch(/^sh -c .*: exit code 3: no such luck$/)
  })

  it('tells a missing program from a failing one', async () => {
    expect(await errorOf(runCommand('/nonexistent/program'))).toMatchObject({ reason: 'not-found' })
  })

  it('ends a program that takes too long, with all it started', async () => {
    expect(await errorOf(sh('sleep 600 & sleep 600', { timeout: 50 }))).toMatchObject({ reason: 'timeout' })
  })

  it('ends a program when cancelled, and starts none after that', async () => {
    const cancel = new AbortController()
    const running = errorOf(sh('sleep 600', { signal: cancel.signal }))
    cancel.abort()
    expect(await running).toMatchObject({ reason: 'aborted', code: 'ABORT_ERR' })
    expect(await errorOf(sh('true', { signal: cancel.signal }))).toMatchObject({ reason: 'aborted' })
  })

  it('keeps the end of endless output', async () => {
    const { stdout } = await sh('head -c 6000000 /dev/zero | tr "\\0" x; echo end')
    expect(stdout.length).toBe(4 * 2 ** 20)
    expect(stdout.endsWith('end\n')).toBe(true)
  })

  it('passes on lines as they come, the last one without its newline too', async () => {
    const lines: string[] = []
    await sh('printf "a\\n\\nb\\rc"', { onLine: (line: string) => lines.push(line) })
    expect(lines).toEqual(['a', 'b', 'c'])
  })

  it('knows a full disk when it hears of one', async () => {
    expect(await errorOf(sh('echo "cp: x: No space left on device" >&2; exit 1'))).toMatchObject({ code: 'ENOSPC' })
  })
})
