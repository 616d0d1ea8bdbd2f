import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../boot-assets/agent/ostree/canonical-json.ts'
import { OstreeError } from '../../../boot-assets/agent/ostree/errors.ts'
import { storedConfig, storedManifest } from '../../../boot-assets/agent/ostree/oci-json.ts'

describe('canonical JSON', () => {
  it('sorts keys by UTF-16 and writes no white space (RFC 8785 3.2.3)', () => {
    const value = {
      '\u20ac': 'Euro',
      '\r': 'CR',
      '\ufb33': 'dalet',
      '1': 'one',
      '\u{1f600}': 'smiley',
      '\u0080': 'control',
      ö: 'o',
    }
    expect(canonicalJson(value)).toBe(
      '{"\\r":"CR","1":"one","\u0080":"control","ö":"o","\u20ac":"Euro","\u{1f600}":"smiley","\ufb33":"dalet"}',
    )
  })

  it('writes numbers, literals and escapes as RFC 8785 does', () => {
    expect(canonicalJson({ n: [1e30, 4.5, 0.002, 1e-27, -0], s: '\u20ac$\u000f\nA\'"\\/', l: [null, true] })).toBe(
      '{"l":[null,true],"n":[1e+30,4.5,0.002,1e-27,0],"s":"€$\\u000f\\nA\'\\"\\\\/"}',
    )
  })
})

describe('what the merge commit keeps of manifest and configuration', () => {
  const layer = {
    mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    digest: 'sha256:b',
    size: 2,
    vendor: 1,
  }

  it('converts Docker schema 2 and drops what OCI does not know', () => {
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      layers: [layer],
      config: { size: 1, digest: 'sha256:a', mediaType: 'application/vnd.docker.container.image.v1+json' },
      unknown: true,
      annotations: { b: '1', a: '2' },
    }
    expect(storedManifest(manifest)).toBe(
      '{"annotations":{"a":"2","b":"1"},"config":{"digest":"sha256:a","mediaType":"application/vnd.oci.image.config.v1+json","size":1},' +
        '"layers":[{"digest":"sha256:b","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":2}],' +
        '"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}',
    )
  })

  it('keeps the configuration as typed readers would', () => {
    const config = {
      os: 'linux',
      architecture: 'amd64',
      docker_version: 'x',
      config: { Cmd: null, Healthcheck: {}, ExposedPorts: { '80/tcp': {} }, Labels: { z: '1', a: '2' } },
      rootfs: { type: 'layers', diff_ids: ['sha256:c'] },
      history: [{ created_by: 'RUN', empty_layer: true, secret: 1 }],
    }
    expect(storedConfig(config)).toBe(
      '{"architecture":"amd64","config":{"ExposedPorts":{"80/tcp":{}},"Labels":{"a":"2","z":"1"}},' +
        '"history":[{"created_by":"RUN","empty_layer":true}],"os":"linux","rootfs":{"diff_ids":["sha256:c"],"type":"layers"}}',
    )
  })

  it('refuses other shapes', () => {
    expect(() => storedManifest({ layers: 5 })).toThrowWithCode(OstreeError, 'IMAGE_INVALID')
  })
})
