// Inputs that fuzzing found to become different things (test/fixtures/fuzz): each still does.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { READINGS } from '../../fuzz/readings.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/fuzz')

describe.each(Object.entries(READINGS))('statement 1: the corpus of %s', (name, { read }) => {
  const lines = readFileSync(join(FOLDER, `${name}.txt`), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
  it.each(lines.map((line) => line.split(' | ') as [string, string]))('%s', (words, hex) => {
    expect(read(Buffer.from(hex, 'hex'))).toBe(words)
  })
})
