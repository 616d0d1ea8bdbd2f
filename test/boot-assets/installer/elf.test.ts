import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ElfError, isElf, neededLibraries } from '../../../boot-assets/installer/elf.ts'

/** A minimal ELF-64 file: header, two program headers (PT_LOAD over all, PT_DYNAMIC), dynamic section, strings. */
function elfFile(libraries: readonly string[], address = 0x400000): Buffer {
  const strings = Buffer.from(`\0${libraries.map((name) => `${name}\0`).join('')}`)
  const dynamicAt = 64 + 2 * 56
  const stringsAt = dynamicAt + 16 * (libraries.length + 2)
  const file = Buffer.alloc(stringsAt + strings.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(2, 56)
  const segment = (index: number, type: number, offset: number, size: number): void => {
    const at = 64 + index * 56
    file.writeUInt32LE(type, at)
    file.writeBigUInt64LE(BigInt(offset), at + 8)
    file.writeBigUInt64LE(BigInt(address + offset), at + 16)
    file.writeBigUInt64LE(BigInt(size), at + 32)
  }
  segment(0, 1, 0, file.length)
  segment(1, 2, dynamicAt, stringsAt - dynamicAt)
  let name = 1
  const tags: [number, number][] = libraries.map((library) => {
    const tag: [number, number] = [1, name]
    name += library.length + 1
    return tag
  })
  for (const [index, [tag, value]] of [...tags, [5, address + stringsAt] as const].entries()) {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + 16 * index)
    file.writeBigUInt64LE(BigInt(value), dynamicAt + 16 * index + 8)
  }
  file.set(strings, stringsAt)
  return file
}

describe('neededLibraries', () => {
  it('lists the libraries in order', () => {
    expect(neededLibraries(elfFile(['libm.so.6', 'libc.so.6']))).toEqual(['libm.so.6', 'libc.so.6'])
  })

  it('is empty for a program that needs none', () => {
    expect(neededLibraries(elfFile([]))).toEqual([])
  })

  it('reads the program that runs this test', () => {
    expect(neededLibraries(readFileSync(process.execPath))).toContain('libc.so.6')
  })

  it('throws ElfError, and nothing else, for files that are cut short or damaged', () => {
    const whole = elfFile(['libc.so.6'])
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(whole.length - 1), fc.nat(255), (length, at, byte) => {
        for (const file of [whole.subarray(0, length), Buffer.from(whole).fill(byte, at, at + 1)]) {
          try {
            neededLibraries(file)
          } catch (error) {
            expect(error).toBeInstanceOf(ElfError)
          }
        }
      }),
    )
  })

  it('refuses what is not ELF-64', () => {
    expect(() => neededLibraries(Buffer.from('#!/bin/sh\n'))).toThrow(ElfError)
    expect(isElf(Buffer.from('#!/bin/sh\n'))).toBe(false)
    expect(isElf(elfFile([]))).toBe(true)
  })
})
