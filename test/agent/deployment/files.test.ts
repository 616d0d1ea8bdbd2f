import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { CONFIRM_SCRIPT, confirmEnvText } from '../../../server/contract/first-boot.ts'
import { alephText, originText, rootKeysText } from '../../../boot-assets/agent/deployment/files.ts'
import { policyName } from '../../../boot-assets/agent/deployment/labels.ts'
import { parseOsRelease } from '../../../boot-assets/agent/deployment/os-release.ts'

const KEY = 'ssh-ed25519 AAAA admin'

it('origin names the registry target, with verification only where the system has a policy for it', () => {
  const target = 'registry.example:8443/os/web:stable'
  expect(originText(target, false)).toBe(`[origin]\ncontainer-image-reference=ostree-unverified-registry:${target}\n`)
  expect(originText(target, true)).toBe(`[origin]\ncontainer-image-reference=ostree-image-signed:docker://${target}\n`)
})

it('aleph is canonical JSON with the keys of bootc', () => {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: {
      Labels: { version: '1', 'org.opencontainers.image.created': '2026-01-01T00:00:00Z', 'containers.bootc': '1' },
    },
    rootfs: { type: 'layers' as const, diff_ids: [] },
  }
  expect(
    alephText({ targetReference: 'r/web:1', digest: 'sha256:d', config, kernel: '6.12', imageHasPolicy: false }),
  ).toBe(
    '{"digest":"sha256:d","image":"r/web:1","kernel":"6.12","labels":{"containers.bootc":"1",' +
      '"org.opencontainers.image.created":"2026-01-01T00:00:00Z","version":"1"},"selinux":"disabled",' +
      '"target-image":"r/web:1","timestamp":"2026-01-01T00:00:00Z","version":"1"}',
  )
  const bare = { ...config, config: null }
  expect(
    JSON.parse(alephText({ targetReference: 'r', digest: 'd', config: bare, kernel: 'k', imageHasPolicy: true })),
  ).toEqual({
    digest: 'd',
    image: 'r',
    kernel: 'k',
    selinux: 'host-disabled',
    'target-image': 'r',
    timestamp: null,
    version: null,
  })
})

it('root keys are one tmpfiles line', () => {
  const text = rootKeysText('var/roothome', [KEY, KEY])
  expect(text).toMatch(/^f~ \/var\/roothome\/\.ssh\/authorized_keys 600 root root - [A-Za-z0-9+/=]+\n$/)
  expect(Buffer.from(text.trim().split(' ').at(-1)!, 'base64').toString()).toBe(`${KEY}\n${KEY}\n`)
})

describe('confirm', () => {
  it('quotes what the shell will read', () => {
    const settings = { url: 'https://192.0.2.1:8443', token: "it's", installId: 'i' }
    const shell = `${confirmEnvText(settings)}\nprintf %s "$LANDFALL_TOKEN"`
    expect(execFileSync('sh', ['-c', shell], { encoding: 'utf8' })).toBe("it's")
  })

  it('is a valid POSIX script that shows no token on a command line', () => {
    expect(() => execFileSync('sh', ['-n'], { input: CONFIRM_SCRIPT })).not.toThrow()
    expect(CONFIRM_SCRIPT).not.toMatch(/(curl|wget)[^\n]*LANDFALL_TOKEN/)
  })
})

it('reads the name of an SELinux policy', () => {
  expect(policyName('# SELINUXTYPE=no\nSELINUX=enforcing\nSELINUXTYPE=targeted\n')).toBe('targeted')
  expect(policyName(undefined)).toBeUndefined()
})

it('reads os-release with and without quotes', () => {
  const release = parseOsRelease('NAME="Debian GNU/Linux"\nID=debian\n# comment\nPRETTY_NAME=\'x y\'\n')
  expect([...release]).toEqual([
    ['NAME', 'Debian GNU/Linux'],
    ['ID', 'debian'],
    ['PRETTY_NAME', 'x y'],
  ])
})
