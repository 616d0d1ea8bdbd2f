import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { buildOnce, cacheDir, CacheError, cacheKey } from '../../boot-assets/cache.ts'

let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'landfall-cache-'))
  vi.stubEnv('LANDFALL_CACHE', cache)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true })
})

const write =
  (content: string) =>
  (dir: string): Promise<void> =>
    writeFile(join(dir, 'file'), content)

describe('cacheDir', () => {
  it('prefers LANDFALL_CACHE, then the XDG folder, then the home folder', () => {
    expect(cacheDir('x')).toBe(join(cache, 'x'))
    vi.stubEnv('LANDFALL_CACHE', '')
    vi.stubEnv('XDG_CACHE_HOME', '/xdg')
    expect(cacheDir('x')).toBe('/xdg/landfall/x')
    vi.stubEnv('XDG_CACHE_HOME', '')
    vi.stubEnv('HOME', '/home/me')
    expect(cacheDir('x')).toBe('/home/me/.cache/landfall/x')
  })
})

describe('buildOnce', () => {
  it('builds once for the same key and again for another', async () => {
    const build = vi.fn(write('first'))
    const path = await buildOnce('thing', ['a', 1], build)
    expect(await buildOnce('thing', ['a', 1], build)).toBe(path)
    expect(build).toHaveBeenCalledTimes(1)
    expect(path).toBe(join(cache, 'thing', cacheKey(['a', 1])))
    const other = await buildOnce('thing', ['a', 2], write('second'))
    expect(await readFile(join(other, 'file'), 'utf8')).toBe('second')
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('first')
  })

  it('lets concurrent callers wait for the one that builds', async () => {
    let running = 0
    let most = 0
    const build = vi.fn(async (dir: string) => {
      most = Math.max(most, ++running)
      await write('content')(dir)
      running--
    })
    const paths = await Promise.all([1, 2, 3, 4].map(() => buildOnce('thing', ['same'], build)))
    expect(new Set(paths).size).toBe(1)
    expect(build).toHaveBeenCalledTimes(1)
    expect(most).toBe(1)
  })

  it('leaves nothing behind when the build fails, and builds again later', async () => {
    const failing = async (dir: string): Promise<void> => {
      await write('half')(dir)
      throw new Error('disk full')
    }
    await expect(buildOnce('thing', ['key'], failing)).rejects.toThrow('disk full')
    expect((await readdir(join(cache, 'thing'))).filter((name) => !name.endsWith('.lock'))).toEqual([])
    const path = await buildOnce('thing', ['key'], write('whole'))
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('whole')
  })

  it('removes what a killed build of the same key left, and nothing else', async () => {
    const key = cacheKey(['key'])
    const leftover = join(cache, 'thing', `${key}.dead.tmp`)
    const foreign = join(cache, 'thing', `${cacheKey(['other'])}.live.tmp`)
    await mkdir(leftover, { recursive: true })
    await mkdir(foreign)
    await buildOnce('thing', ['key'], write('new'))
    expect(existsSync(leftover)).toBe(false)
    expect(existsSync(foreign)).toBe(true)
  })

  it('keeps the entries used last, and any used within a day', async () => {
    const longAgo = new Date(Date.now() - 2 * 86_400_000)
    const paths: string[] = []
    for (const key of ['a', 'b', 'c', 'd']) paths.push(await buildOnce('thing', [key], write(key)))
    for (const path of paths.slice(0, 3)) await utimes(path, longAgo, longAgo)
    // A hit counts as use.
    await buildOnce('thing', ['a'], write('a'))
    const added = await buildOnce('thing', ['e'], write('e'), { keep: 2 })
    expect([...paths, added].map((path) => existsSync(path))).toEqual([true, false, false, true, true])
  })

  it('removes leftovers of other keys when they are a day old', async () => {
    const old = join(cache, 'thing', `${cacheKey(['other'])}.dead.tmp`)
    await mkdir(old, { recursive: true })
    const longAgo = new Date(Date.now() - 2 * 86_400_000)
    await utimes(old, longAgo, longAgo)
    await buildOnce('thing', ['key'], write('new'))
    expect(existsSync(old)).toBe(false)
  })

  it('is not blocked by the lock of a process that was killed', async () => {
    const module = join(import.meta.dirname, '../../boot-assets/cache.ts')
    const script = `import { buildOnce } from ${JSON.stringify(module)}
      await buildOnce('thing', ['key'], () => { console.log('building'); return new Promise(() => setInterval(() => {}, 1000)) })`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGKILL')
    const path = await buildOnce('thing', ['key'], write('mine'))
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('mine')
  })

  it('replaces an entry made before the wanted time', async () => {
    await buildOnce('thing', ['key'], write('old'))
    const path = await buildOnce('thing', ['key'], write('new'), { notBefore: Date.now() + 60_000 })
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('new')
  })

  it('names the variable to set when the cache cannot be written', async () => {
    await writeFile(join(cache, 'file'), '')
    vi.stubEnv('LANDFALL_CACHE', join(cache, 'file'))
    const attempt = buildOnce('thing', ['key'], write(''))
    await expect(attempt).rejects.toBeInstanceOf(CacheError)
    await expect(attempt).rejects.toMatchObject({
      code: 'CACHE_UNWRITABLE',
      message: expect.stringContaining('LANDFALL_CACHE'),
    })
  })
})
