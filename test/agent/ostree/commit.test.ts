import { describe, expect, it } from 'vitest'
import { imageTimestamp } from '../../../boot-assets/agent/ostree/commit.ts'

describe('the time of a merge commit', () => {
  const now = new Date('2030-01-01T00:00:00.900Z')
  const annotated = (created: string) => ({ annotations: { 'org.opencontainers.image.created': created } })

  it.each([
    [
      'the annotation of the manifest',
      annotated('2020-01-01T00:00:00+01:00'),
      { created: '1999-01-01T00:00:00Z' },
      1577833200,
    ],
    ['else `created` of the configuration', {}, { created: '2023-11-14T22:13:20.999999999Z' }, 1700000000],
    ['else now', {}, {}, 1893456000],
    [
      'now, not the configuration, if the annotation is no time',
      annotated('yesterday'),
      { created: '2020-01-01T00:00:00Z' },
      1893456000,
    ],
  ])('is %s', (_, manifest, config, seconds) => {
    expect(imageTimestamp(manifest, config, now)).toBe(seconds)
  })
})
