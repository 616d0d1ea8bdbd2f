import { describe, expect, it } from 'vitest'
import { formatTable, progressBar, textConsole } from '../../boot-assets/agent/console.ts'

function capture(terminal: boolean) {
  let text = ''
  const console = textConsole(
    { write: (chunk: string) => (text += chunk) },
    { terminal, now: () => new Date('2026-01-31T12:34:56Z') },
  )
  return { console, text: () => text }
}

describe('textConsole', () => {
  it('puts the time before each line', () => {
    const { console, text } = capture(false)
    console.say('one\ntwo')
    expect(text()).toBe('12:34:56  one\n12:34:56  two\n')
  })

  it('replaces progress on a terminal only', () => {
    const terminal = capture(true)
    terminal.console.progress('half')
    terminal.console.say('done')
    expect(terminal.text()).toBe('\r\x1b[K12:34:56  half\r\x1b[K12:34:56  done\n')
    const pipe = capture(false)
    pipe.console.progress('half')
    expect(pipe.text()).toBe('12:34:56  half\n')
  })

  it('shows failures with reason and next step, wrapped', () => {
    const { console, text } = capture(false)
    console.failure('The installation failed', {
      code: 'NO_SPACE',
      message: 'word '.repeat(30).trim(),
      hint: 'buy a disk',
    })
    expect(text()).toContain('!!  Reason: NO_SPACE\n')
    expect(text()).toContain('!!  What to do: buy a disk\n')
    expect(
      Math.max(
        ...text()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(78)
  })
})

describe('formats', () => {
  it('draws progress, also of nothing', () => {
    expect(progressBar(50e6, 200e6, 10e6)).toBe('[#####---------------]  25 %  50 MB of 200 MB  10 MB/s')
    expect(progressBar(0, 0, 0)).toBe('[--------------------]   0 %  0 B of 0 B  0 B/s')
  })

  it('aligns tables', () => {
    expect(
      formatTable(
        ['#', 'Name'],
        [
          ['1', 'root'],
          ['10', 'x'],
        ],
      ),
    ).toBe('    #   Name\n    1   root\n    10  x')
  })
})
