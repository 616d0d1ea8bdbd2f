import { expect, it } from 'vitest'
import { namesOf } from '../../../../server/cli/doctor/site-facts.ts'
import { diagnoseSite } from '../../../../server/cli/doctor/site.ts'
import type { DataFacts, ServedCertificate, SiteFacts } from '../../../../server/cli/doctor/site.ts'
import type { ImageTrack } from '../../../../server/contract/image-track.ts'
import type { Image } from '../../../../server/contract/image.ts'
import type { MachineSummary } from '../../../../server/contract/machine.ts'
import { SYSTEM } from '../../http/support.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')
const DAY_MS = 24 * 3600_000
const CERTIFICATE: ServedCertificate = {
  names: ['landfall.test', '192.0.2.1'],
  from: NOW - DAY_MS,
  until: NOW + 90 * DAY_MS,
}
const DATA: DataFacts = {
  folder: '/var/lib/landfall',
  freeBytes: 2 ** 40,
  totalBytes: 2 ** 41,
  mode: 0o700,
  uid: 990,
  databaseUid: 990,
}

const image = (bootable: boolean, machines: number) =>
  ({ reference: 'os/web:1', platforms: [{ bootable }], machines }) as Image
const machine = (values: Partial<MachineSummary>) =>
  ({
    name: 'web-01',
    state: 'discovered',
    image: null,
    lastSeenAt: new Date(NOW - 60_000).toISOString(),
    failure: null,
    ...values,
  }) as MachineSummary

const ALL_WELL: SiteFacts = {
  system: SYSTEM,
  certificate: CERTIFICATE,
  data: DATA,
  clockSynchronised: true,
  images: [image(true, 1)],
  tracks: [],
  machines: [machine({ state: 'deployed', image: 'os/web:1' })],
  now: NOW,
}

it.each<[name: string, facts: Partial<SiteFacts>, codes: string[]]>([
  ['nothing where all is well', {}, []],
  ['nothing where it cannot look', { data: undefined, certificate: undefined, clockSynchronised: undefined }, []],
  ['a clock that follows no other', { clockSynchronised: false }, ['CLOCK_ALONE']],
  ['a clock behind the certificate', { certificate: { ...CERTIFICATE, from: NOW + DAY_MS } }, ['CLOCK_WRONG']],
  ['a disk with little room', { data: { ...DATA, freeBytes: 2 ** 30 } }, ['DISK_FULL']],
  ['a large disk that is nearly full', { data: { ...DATA, freeBytes: 2 ** 35 } }, ['DISK_FULL']],
  ['a data folder open to others', { data: { ...DATA, mode: 0o755 } }, ['DATA_OPEN']],
  ['a database of another user', { data: { ...DATA, databaseUid: 0 } }, ['DATA_OWNER']],
  ['a certificate for other names', { certificate: { ...CERTIFICATE, names: ['old.test'] } }, ['CERTIFICATE_NAMES']],
  [
    'nothing in a certificate with a wildcard',
    {
      system: { ...SYSTEM, httpsUrl: 'https://a.test:8443', registry: 'b.test:8443' },
      certificate: { ...CERTIFICATE, names: ['*.test'] },
    },
    [],
  ],
  ['a certificate that ends', { certificate: { ...CERTIFICATE, until: NOW + DAY_MS } }, ['CERTIFICATE_ENDS']],
  [
    'a registry that cannot be reached',
    {
      tracks: [
        { reference: 'os/web:1', source: 'far/web:1', problem: { code: 'NETWORK', message: 'x' } } as ImageTrack,
      ],
    },
    ['UPSTREAM_FAILS'],
  ],
  ['that there is no image', { images: [] }, ['NO_IMAGE']],
  ['an image that cannot boot', { images: [image(false, 3)] }, ['IMAGE_NOT_BOOTABLE']],
  ['nothing in an image that nobody wants', { images: [image(false, 0)] }, []],
  ['machines that wait for an image', { machines: [machine({})] }, ['MACHINES_WAIT']],
  ['nothing in machines that are off', { machines: [machine({ lastSeenAt: null })] }, []],
  [
    'machines that failed',
    { machines: [machine({ state: 'failed', failure: { code: 'NETWORK', message: 'gone' } })] },
    ['MACHINES_FAILED'],
  ],
])('finds %s', (_, facts, codes) => {
  const found = diagnoseSite({ ...ALL_WELL, ...facts }).filter(({ level }) => level === 'problem')
  expect(found.map(({ code }) => code)).toEqual(codes)
  for (const { next = [] } of found) expect(next.length).toBeGreaterThan(0)
})

it('names the machine and the command', () => {
  const [finding] = diagnoseSite({ ...ALL_WELL, machines: [machine({})] })
  expect(finding).toMatchObject({
    message: 'a machine is on and waits for an image: web-01',
    next: ['landfall machine assign IMAGE web-01'],
  })
})

it('reads the names of a certificate', () => {
  expect(namesOf('DNS:landfall.test, IP Address:192.0.2.1')).toEqual(['landfall.test', '192.0.2.1'])
  expect(namesOf('')).toEqual([])
})
