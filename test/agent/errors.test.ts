import { describe, expect, it } from 'vitest'
import { AgentError, toFailure } from '../../boot-assets/agent/errors.ts'
import { ServerError } from '../../boot-assets/agent/link/server.ts'
import { OstreeError } from '../../boot-assets/agent/ostree/errors.ts'
import { StreamError } from '../../boot-assets/agent/stream/errors.ts'
import { CommandError } from '../../boot-assets/agent/sys/command.ts'

const errno = (code: string) => Object.assign(new Error(code), { code })

describe('toFailure', () => {
  it.each([
    ['a reason code is kept', new AgentError('DISK_NONE_MATCHES', 'x'), 'DISK_NONE_MATCHES'],
    ['a layer with wrong bytes', new StreamError('DIGEST_MISMATCH', 'x'), 'DIGEST_MISMATCH'],
    ['a fetch given up', new StreamError('FETCH_FAILED', 'x'), 'NETWORK'],
    ['an image the engine cannot take', new OstreeError('FILE_TYPE_UNSUPPORTED', 'x'), 'IMAGE_UNSUPPORTED'],
    ['a cancelled import', new OstreeError('ABORTED', 'x'), 'CANCELLED'],
    ['an unreachable server', new ServerError('UNREACHABLE', 'x'), 'NETWORK'],
    ['a full disk', errno('ENOSPC'), 'NO_SPACE'],
    ['a full disk below a wrapper', new Error('x', { cause: errno('ENOSPC') }), 'NO_SPACE'],
    [
      'a full disk below a wrapper with a code',
      new OstreeError('REPO_IO', 'x', { cause: errno('ENOSPC') }),
      'NO_SPACE',
    ],
    ['a program that says so', new CommandError('exit', ['cp'], 'x', 'No space left on device'), 'NO_SPACE'],
    ['a failed program', new CommandError('exit', ['mkfs'], 'x', ''), 'BOOTLOADER_FAILED'],
    ['an abort', new DOMException('x', 'AbortError'), 'CANCELLED'],
    ['something thrown', 'text', 'BOOTLOADER_FAILED'],
  ])('%s', (_, error, code) => {
    expect(toFailure(error, 'bootloader').code).toBe(code)
  })

  it('names the next step where it knows one', () => {
    expect(toFailure(errno('ENOSPC'), 'fetch').hint).toMatch(/larger disk/)
    expect(toFailure(new AgentError('NETWORK', 'x', { hint: 'own hint' }), 'fetch').hint).toBe('own hint')
    expect(toFailure(new Error('x'), 'plan')).toEqual({ code: 'INTERNAL', message: 'x' })
  })
})
