// From the raw disk to the format that was asked for.
import { spawn } from 'node:child_process'
import type { Qemu } from '../../boot-assets/qemu/package.ts'
import { DiskImageError } from './errors.ts'
import { convertArguments } from './formats.ts'
import type { DiskImageFormat } from './formats.ts'

export interface ConvertOptions {
  qemu: Qemu
  format: DiskImageFormat
  source: string
  target: string
  /** Share done, 0 to 1. */
  onProgress: (share: number) => void
  signal: AbortSignal
}

/** Resolves with the file that has the format: the source itself for `raw`. Throws DiskImageError CONVERT_FAILED, ABORTED. */
export async function convert({ qemu, format, source, target, onProgress, signal }: ConvertOptions): Promise<string> {
  const conversion = convertArguments(format, source, target)
  if (conversion === undefined) return source
  const [file = '', ...args] = qemu.command('qemu-img')
  const child = spawn(file, [...args, ...conversion], { env: { ...process.env, ...qemu.env }, signal })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
  // `    (12.50/100%)\r`
  child.stdout.on('data', (chunk: Buffer) => {
    const percent = [...chunk.toString().matchAll(/\((\d+\.\d+)\/100%\)/g)].at(-1)?.[1]
    if (percent !== undefined) onProgress(Number(percent) / 100)
  })
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, by) => resolve(code === 0 ? '' : `qemu-img ended with ${code ?? by}`))
  })
  if (signal.aborted) throw new DiskImageError('ABORTED', 'the build was stopped')
  if (ended === '') return target
  throw new DiskImageError('CONVERT_FAILED', `converting the disk to ${format}: ${ended}: ${complaint.trim()}`)
}
