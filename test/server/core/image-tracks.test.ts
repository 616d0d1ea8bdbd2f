import { describe, expect, it } from 'vitest'
import type { Image, PullRequest } from '../../../server/contract/image.ts'
import { ImageTracks } from '../../../server/core/image-tracks.ts'
import type { TrackedImages } from '../../../server/core/image-tracks.ts'
import { CoreError } from '../../../server/core/errors.ts'
import { OciError } from '../../../server/oci/errors.ts'
import { testCore } from '../../helpers/store-fakes.ts'

const HOUR = 3_600_000
const SOURCE = 'registry.example/os/web:stable'
const digest = (letter: string) => `sha256:${letter.repeat(64)}`

/** An image store whose source stands for `upstream`, and which follows it. */
function tracked() {
  const core = testCore()
  const source = { digest: digest('a'), error: undefined as Error | undefined, pulls: 0 }
  const tags = new Map<string, string>()
  const refused = new Set<string>()
  const images: TrackedImages = {
    nameFor: () => ({ repository: 'os/web', tag: 'stable' }),
    digestOf: (repository, tag) => tags.get(`${repository}:${tag}`),
    async lookUp() {
      if (source.error) throw source.error
      return source.digest
    },
    async pull(_request: PullRequest, _onProgress, _signal, admit) {
      source.pulls++
      const pulled = source.digest
      await admit(pulled, [pulled])
      tags.set('os/web:stable', pulled)
      return { digest: pulled } as Image
    },
  }
  const trust = {
    async check(image: { repository: string; digest: string }) {
      const check = await core.trust.check(image)
      return refused.has(image.digest)
        ? {
            ...check,
            verdict: { ...check.verdict, trusted: false, code: 'IMAGE_UNSIGNED' as const, message: 'nobody' },
          }
        : check
    },
  }
  const tracks = new ImageTracks({
    ...core.store,
    ...core,
    images,
    trust,
    onError: (error) => {
      throw error
    },
  })
  /** Lets so much time pass, with a look at the end. */
  const after = async (ms: number) => {
    core.clock.advance(ms)
    await tracks.runDue()
  }
  const news = () =>
    core.events.recent({ types: ['image.track', 'image.added', 'image.refused'] }).map(({ type }) => type)
  return { ...core, tracks, source, tags, refused, after, news }
}

describe('a followed tag', () => {
  it('moves when the source has moved, and not before it is looked up', async () => {
    const { tracks, source, tags, after, news } = tracked()
    tracks.follow({ reference: SOURCE, every: '1h' }, 'token:me')
    await after(0)
    expect(tags.get('os/web:stable')).toBe(digest('a'))
    await after(HOUR)
    expect(source.pulls).toBe(1)
    source.digest = digest('b')
    await after(HOUR - 1)
    expect(tags.get('os/web:stable')).toBe(digest('a'))
    await after(1)
    expect(tracks.history('os/web', 'stable')).toMatchObject({
      track: { source: SOURCE, every: '1h', problem: null },
      digests: [
        { digest: digest('b'), outcome: 'taken' },
        { digest: digest('a'), outcome: 'taken' },
      ],
    })
    expect(news()).toEqual(['image.added', 'image.added', 'image.track'])
  })

  it('stays where it is while the policy refuses the new digest, and tells of it once', async () => {
    const { tracks, source, tags, refused, after, news } = tracked()
    tracks.follow({ reference: SOURCE, every: '1h' }, 'token:me')
    await after(0)
    source.digest = digest('b')
    refused.add(digest('b'))
    await after(HOUR)
    await after(HOUR)
    expect(tags.get('os/web:stable')).toBe(digest('a'))
    const { track, digests } = tracks.history('os/web', 'stable')
    expect(track.problem).toEqual({ code: 'IMAGE_UNSIGNED', message: 'nobody' })
    expect(digests.map(({ outcome }) => outcome)).toEqual(['refused', 'taken'])
    expect(news()).toEqual(['image.refused', 'image.added', 'image.track'])
    refused.clear()
    await after(HOUR)
    expect(tags.get('os/web:stable')).toBe(digest('b'))
  })

  it('says once that its source is away, and once that it is back', async () => {
    const { tracks, source, after, news } = tracked()
    tracks.follow({ reference: SOURCE, every: '1h' }, 'token:me')
    await after(0)
    source.error = new OciError('REGISTRY_UNREACHABLE', 'nothing answers')
    await after(HOUR)
    await after(HOUR)
    expect(tracks.get('os/web', 'stable')?.problem).toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
    source.error = undefined
    await after(HOUR)
    expect(tracks.get('os/web', 'stable')?.problem).toBeNull()
    expect(news()).toEqual(['image.track', 'image.track', 'image.added', 'image.track'])
  })

  it('is left alone when nobody follows it any more', async () => {
    const { tracks, source, after } = tracked()
    tracks.follow({ reference: SOURCE, every: '1h' }, 'token:me')
    await after(0)
    tracks.unfollow('os/web', 'stable', 'token:me')
    source.digest = digest('b')
    await after(HOUR)
    expect(source.pulls).toBe(1)
    expect(tracks.list()).toEqual([])
    expect(() => tracks.history('os/web', 'stable')).toThrowWithCode(CoreError, 'IMAGE_NOT_FOUND')
    expect(() => tracks.unfollow('os/web', 'stable', 'token:me')).toThrowWithCode(CoreError, 'IMAGE_NOT_FOUND')
  })
})
