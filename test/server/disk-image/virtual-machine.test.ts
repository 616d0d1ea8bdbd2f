import { describe, expect, it } from 'vitest'
import { DISK_SERIAL, machineArguments } from '../../../server/disk-image/virtual-machine.ts'

const options = {
  accelerator: 'tcg' as const,
  vmlinuz: '/b/vmlinuz',
  initrd: '/b/initrd.img',
  kernelArguments: ['a=1', 'b'],
  disk: '/tmp/a,b/disk.raw',
  log: '/tmp/console.log',
}

function values(name: string, args = machineArguments(options)): string[] {
  return args.flatMap((arg, at) => (arg === name ? [args[at + 1]!] : []))
}

describe('machineArguments', () => {
  it('starts our kernel without any loader', () => {
    expect(values('-kernel')).toEqual(['/b/vmlinuz'])
    expect(values('-append')).toEqual(['a=1 b'])
    expect(machineArguments(options)).toContain('-no-reboot')
  })

  it('gives it one disk, whatever its path holds, under a serial number that no kernel cuts', () => {
    expect(values('-drive')).toEqual([expect.stringContaining('file=/tmp/a,,b/disk.raw,')])
    expect(DISK_SERIAL.length).toBeLessThanOrEqual(20)
  })

  it('takes the accelerator that works', () => {
    expect(values('-accel')).toEqual(['tcg,thread=multi'])
    expect(values('-accel', machineArguments({ ...options, accelerator: 'kvm' }))).toEqual(['kvm'])
  })
})
