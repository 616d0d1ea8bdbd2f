import { describe, expect, it } from 'vitest'
import { MediaError } from '../../../server/media/errors.ts'
import { recognise } from '../../../server/media/recognise.ts'
import { parseDiscInfo } from '../../../server/media/tree-info.ts'

const discInfo = (release: string, arch = 'x86_64') => parseDiscInfo(`1700000000.5\n${release}\n${arch}\n`)

describe('an ISO with .discinfo', () => {
  it.each([
    ['Fedora 43', 'x', 'Fedora', '43'],
    ['Red Hat Enterprise Linux 9.6', 'x', 'Red Hat Enterprise Linux', '9.6'],
    ['CentOS Stream 10', 'x', 'CentOS Stream', '10'],
    ['AlmaLinux 9.4', 'x', 'AlmaLinux', '9.4'],
    ['Rocky Linux 9.4', 'x', 'Rocky Linux', '9.4'],
    ['Fedora Rawhide', 'x', 'Fedora', 'Rawhide'],
    // lorax takes any text for the release; Fedora's builds pass the version alone.
    ['43', 'Fedora-E-dvd-x86_64-43', 'Fedora', '43'],
    ['9.4', 'RHEL-9-4-0-BaseOS-x86_64', 'Red Hat Enterprise Linux', '9.4'],
    ['10', 'CentOS-Stream-10-BaseOS-x86_64', 'CentOS Stream', '10'],
  ])('"%s" on %s is %s %s', (release, volumeId, product, version) => {
    const found = recognise({ treeInfo: undefined, discInfo: discInfo(release), volumeId })
    expect(found).toMatchObject({ product, version, architecture: 'amd64', arch: 'x86_64' })
  })

  it('for arm64', () => {
    const found = recognise({ treeInfo: undefined, discInfo: discInfo('Fedora 43', 'aarch64'), volumeId: 'x' })
    expect(found).toMatchObject({ architecture: 'arm64', arch: 'aarch64' })
  })
})

describe('an ISO with nothing but its volume id', () => {
  it.each([
    ['Fedora-S-dvd-x86_64-44', 'Fedora', '44', 'amd64'],
    ['RHEL-10-0-BaseOS-aarch64', 'Red Hat Enterprise Linux', '10.0', 'arm64'],
    ['CentOS-Stream-9-BaseOS-x86_64', 'CentOS Stream', '9', 'amd64'],
    ['AlmaLinux-10-0-x86_64-dvd', 'AlmaLinux', '10.0', 'amd64'],
    ['Rocky-9-6-x86_64-boot', 'Rocky Linux', '9.6', 'amd64'],
  ])('%s is recognised', (volumeId, product, version, architecture) => {
    expect(recognise({ treeInfo: undefined, discInfo: undefined, volumeId })).toMatchObject({
      product,
      version,
      architecture,
    })
  })
})

describe('what is refused', () => {
  it.each([
    ['another product', 'Debian 13', 'x86_64', /Debian 13.*no product/],
    ['a name that only begins like one', 'FedoraLike 43', 'x86_64', /no product/],
    ['another architecture', 'Fedora 43', 'ppc64le', /ppc64le/],
    ['a name of Object', 'Fedora 43', 'constructor', /constructor/],
    ['no version', 'Fedora', 'x86_64', /which version/],
  ])('%s', (_, release, arch, reason) => {
    const work = () => recognise({ treeInfo: undefined, discInfo: discInfo(release, arch), volumeId: 'X' })
    expect(work).toThrowWithCode(MediaError, 'MEDIA_UNSUPPORTED')
    expect(work).toThrow(reason)
  })
})

it.each(['9'.repeat(33), '9 Beta', '9/../..', ''])('a version like %j is none', (version) => {
  const treeInfo = { family: 'Fedora', version, arch: 'x86_64', checksums: new Map<string, string>() }
  const work = () => recognise({ treeInfo, discInfo: undefined, volumeId: 'X' })
  expect(work).toThrowWithCode(MediaError, 'MEDIA_UNSUPPORTED')
})

it('.treeinfo counts more than .discinfo', () => {
  const treeInfo = { family: 'Fedora', version: '42', arch: 'x86_64', checksums: new Map<string, string>() }
  const found = recognise({ treeInfo, discInfo: discInfo('Red Hat Enterprise Linux 9.6'), volumeId: 'X' })
  expect(found).toMatchObject({ product: 'Fedora', version: '42' })
})
