import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import {
  ImageDifference,
  ImageFit,
  ImageInspection,
  ImagePackages,
} from '../../../../server/contract/image-inspection.ts'
import { fixtureImage, layoutFiles, tarOf } from '../../../helpers/image-fixtures.ts'
import { untilRead } from '../../../helpers/reading.ts'
import { facts, MAC } from '../../../helpers/store-fakes.ts'
import { dpkgStatus } from '../../inspect/package-lists.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

const OS = { 'usr/lib/os-release': 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13"\n', 'usr/bin/bootc': 'x' }

async function bring(server: TestServer, name: string, files: Record<string, string>[]): Promise<string> {
  const image = await fixtureImage(files)
  const archive = await tarOf(layoutFiles([{ image, name: 'x' }]))
  await server.images.importArchive(Readable.from([archive]), name, () => {})
  await untilRead(server.reading, image.manifest.digest)
  return image.manifest.digest
}

const checkOf = (reference: string, machine: string) =>
  `/api/v1/machines/${machine}/check?image=${encodeURIComponent(reference)}`
const path = (reference: string, rest: string) => `/api/v1/images/${encodeURIComponent(reference)}/${rest}`

describe('what an image is', () => {
  it('is told of each platform, by tag and by digest', async () => {
    const server = await testServer()
    const digest = await bring(server, 'os/web:1', [
      OS,
      { 'var/lib/dpkg/status': dpkgStatus({ bash: '5.2', bootc: '1.16' }) },
    ])
    const response = await server.call('GET', path('os/web:1', 'inspection'), { as: 'viewer' })
    const { reference, platforms } = ImageInspection.parse(await response.json())
    expect(reference).toBe('os/web:1')
    expect(platforms).toMatchObject([
      {
        architecture: 'amd64',
        digest,
        os: { id: 'debian', name: 'Debian GNU/Linux 13' },
        bootc: { present: true, version: '1.16' },
        packages: { format: 'dpkg', count: 2 },
        reading: null,
        problem: null,
        labels: { 'containers.bootc': '1' },
        attached: [],
      },
    ])
    const byDigest = await server.call('GET', path(`os/web@${digest}`, 'inspection'))
    expect(ImageInspection.parse(await byDigest.json()).platforms).toEqual(platforms)
    const packages = await server.call('GET', path('os/web:1', 'packages'))
    expect(ImagePackages.parse(await packages.json()).items.map(({ name }) => name)).toEqual(['bash', 'bootc'])
  })

  it('counts the images that have a layer too', async () => {
    const server = await testServer()
    await bring(server, 'os/web:1', [OS, { 'usr/a': 'a' }])
    await bring(server, 'os/db:1', [OS, { 'usr/b': 'b' }])
    const response = await server.call('GET', path('os/web:1', 'inspection'))
    const [platform] = ImageInspection.parse(await response.json()).platforms
    expect(platform?.layers.map(({ sharedWith }) => sharedWith)).toEqual([1, 0])
  })

  it.each(['inspection', 'packages', 'difference?to=os/web:1'])(
    'is not told of an image that is not there: %s',
    async (rest) => {
      const server = await testServer()
      const response = server.call('GET', path('os/none:1', rest))
      expect(await problemOf(response)).toMatchObject({ status: 404 })
    },
  )
})

describe('the difference of two images', () => {
  it('names packages and what is to transfer', async () => {
    const server = await testServer()
    await bring(server, 'os/web:1', [OS, { 'var/lib/dpkg/status': dpkgStatus({ bash: '5.2' }) }])
    await bring(server, 'os/web:2', [OS, { 'var/lib/dpkg/status': dpkgStatus({ bash: '5.3' }) }])
    const response = await server.call('GET', path('os/web:1', 'difference?to=os/web:2'))
    expect(ImageDifference.parse(await response.json())).toMatchObject({
      layers: { shared: 1, added: 1, removed: 1 },
      packages: [{ name: 'bash.amd64', from: '5.2', to: '5.3' }],
    })
  })
})

describe('whether an image can start a machine', () => {
  it('is told check by check, and changes nothing', async () => {
    const server = await testServer()
    await bring(server, 'os/web:1', [OS])
    const { id } = server.inventory.discover({ mac: MAC })
    const before = await (await server.call('GET', `/api/v1/machines/${id}`)).json()
    const response = await server.call('GET', checkOf('os/web:1', id), { as: 'viewer' })
    const fit = ImageFit.parse(await response.json())
    expect(fit).toMatchObject({ reference: 'os/web:1', machineId: id, result: 'refused' })
    expect(fit.checks.find(({ name }) => name === 'kernel')).toMatchObject({ result: 'refused' })
    expect(fit.checks.find(({ name }) => name === 'firmware')).toMatchObject({ result: 'unknown' })
    expect(await (await server.call('GET', `/api/v1/machines/${id}`)).json()).toEqual(before)
  })

  it('is no for an architecture that the image has nothing for', async () => {
    const server = await testServer()
    await bring(server, 'os/web:1', [OS])
    const { id } = server.inventory.discover({ mac: MAC })
    server.inventory.recordFacts(id, facts({ architecture: 'arm64' }))
    const response = await server.call('GET', checkOf('os/web:1', id))
    expect(ImageFit.parse(await response.json())).toMatchObject({
      result: 'refused',
      checks: [{ name: 'architecture', message: 'the image has nothing for arm64' }],
    })
  })
})
