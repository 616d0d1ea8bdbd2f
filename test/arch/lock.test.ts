// The lock file is whole: `npm ci` refuses one in which some platform's optional package is missing, on every platform.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

type Packages = Record<string, { version?: string; optionalDependencies?: Record<string, string> }>

/** Optional dependencies that no package in the lock file can be for, as `package needs name@version`. */
function missing(packages: Packages): string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name, range]) => !fits(find(packages, path, name), range))
      .map(([name, range]) => `${path || 'package.json'} needs ${name}@${range}`),
  )
}

/** As Node looks for it: beside the package, then further up. */
function find(packages: Packages, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]
    if (found || folder === '') return found?.version
  }
}

/** Only exact versions can disagree here; ranges are npm's business. */
function fits(version: string | undefined, range: string): boolean {
  return version !== undefined && (!/^\d/.test(range) || version === range)
}

describe('package-lock.json', () => {
  it('has every optional package of every platform', () => {
    const lock = readFileSync(join(resolve(import.meta.dirname, '../..'), 'package-lock.json'), 'utf8')
    const { packages } = JSON.parse(lock) as { packages: Packages }
    expect(missing(packages)).toEqual([])
  })

  it('is judged as npm judges it', () => {
    const native = { optionalDependencies: { 'native-x64': '1.0.0', 'native-arm': '1.0.0' } }
    expect(missing({ 'node_modules/a': native, 'node_modules/native-x64': { version: '1.0.0' } })).toEqual([
      'node_modules/a needs native-arm@1.0.0',
    ])
    expect(missing({ 'node_modules/a': native, 'node_modules/native-x64': { version: '2.0.0' } })).toHaveLength(2)
  })
})
