import { expect, it } from 'vitest'
import { memoryText } from '../../../boot-assets/agent/stages/memory.ts'

it('tells what the agent took and, where the kernel counts it, what was waited for memory', () => {
  const pressure =
    'some avg10=0.00 avg60=0.10 avg300=0.05 total=9000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1234567\n'
  expect(memoryText(210e6, pressure)).toBe('the agent took at most 210 MB; for memory: everything waited 1.2 s')
  expect(memoryText(210e6, undefined)).toBe('the agent took at most 210 MB')
})
