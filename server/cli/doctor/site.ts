// What goes wrong most often besides network boot: clock, disk, certificates, images, machines that wait. Facts in, findings out.
import { formatBytes } from '../../contract/bytes.ts'
import type { Finding } from '../../contract/finding.ts'
import type { ImageTrack } from '../../contract/image-track.ts'
import type { Image } from '../../contract/image.ts'
import type { MachineSummary } from '../../contract/machine.ts'
import type { SystemInfo } from '../../contract/system.ts'

export interface ServedCertificate {
  /** Names and addresses it is for. */
  names: string[]
  /** Milliseconds since the epoch. */
  from: number
  until: number
}

/** The server's data folder and clock; only its own host tells. */
export interface DataFacts {
  folder: string
  freeBytes: number
  totalBytes: number
  /** Permission bits, 0o700 for one that only its owner may open. */
  mode: number
  uid: number
  /** Of the database; undefined where there is none. */
  databaseUid: number | undefined
}

export interface SiteFacts {
  system: SystemInfo
  /** What the server presents by TLS; undefined where it could not be asked. */
  certificate: ServedCertificate | undefined
  /** Absent when the server runs on another host. */
  data: DataFacts | undefined
  /** Whether the clock follows others; undefined where nothing tells. */
  clockSynchronised: boolean | undefined
  images: readonly Image[]
  tracks: readonly ImageTrack[]
  machines: readonly MachineSummary[]
  now: number
}

const LITTLE_BYTES = 5 * 2 ** 30
const LITTLE_SHARE = 0.05
const SOON_MS = 14 * 24 * 3600_000
const LATELY_MS = 3600_000
const NAMED = 5

/** Most general first: a wrong clock explains what follows. */
export function diagnoseSite(facts: SiteFacts): Finding[] {
  const { data } = facts
  const findings = [
    ...clockFindings(facts),
    ...(data ? diskFindings(data) : []),
    ...(data ? ownerFindings(data) : []),
    ...certificateFindings(facts),
    ...upstreamFindings(facts),
    ...imageFindings(facts),
    ...machineFindings(facts),
  ]
  if (findings.some(({ level }) => level === 'problem')) return findings
  return [
    ...findings,
    { code: 'SITE_WELL', level: 'ok', message: 'clock, disk, certificate, images and machines are well' },
  ]
}

function problem(code: string, message: string, next: string[]): Finding {
  return { code, level: 'problem', message, next }
}

function clockFindings({ clockSynchronised, certificate, now }: SiteFacts): Finding[] {
  const next = ['timedatectl set-ntp true, or install chrony']
  if (certificate && now < certificate.from) {
    const message = `the clock of this host is behind: the server's certificate is from ${new Date(certificate.from).toISOString()}`
    return [problem('CLOCK_WRONG', message, next)]
  }
  if (clockSynchronised !== false) return []
  const message = 'the clock of this host follows no other: machines refuse certificates and signatures of another time'
  return [problem('CLOCK_ALONE', message, next)]
}

function diskFindings({ folder, freeBytes, totalBytes }: DataFacts): Finding[] {
  if (freeBytes >= LITTLE_BYTES && freeBytes >= totalBytes * LITTLE_SHARE) return []
  const message = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free for ${folder}: images and the database need room`
  return [
    problem('DISK_FULL', message, ['landfall image gc --dry-run', 'set images.maxBytes, or make the disk larger']),
  ]
}

function ownerFindings({ folder, mode, uid, databaseUid }: DataFacts): Finding[] {
  const open = (mode & 0o077) !== 0
  return [
    ...(open
      ? [
          problem('DATA_OPEN', `${folder} can be read by others: it holds the keys of the server`, [
            `chmod 700 ${folder}`,
          ]),
        ]
      : []),
    ...(databaseUid !== undefined && databaseUid !== uid
      ? [
          problem('DATA_OWNER', `${folder} belongs to user ${uid}, the database in it to ${databaseUid}`, [
            `chown -R ${uid} ${folder}`,
          ]),
        ]
      : []),
  ]
}

function certificateFindings({ certificate, system, now }: SiteFacts): Finding[] {
  if (!certificate) return []
  const wanted = [new URL(system.httpsUrl).hostname, new URL(`https://${system.registry}`).hostname]
  const missing = [...new Set(wanted.map((name) => name.replaceAll(/[[\]]/g, '')))].filter(
    (name) => !certificate.names.some((one) => fits(one, name)),
  )
  const until = new Date(certificate.until).toISOString()
  return [
    ...(missing.length > 0
      ? [
          problem('CERTIFICATE_NAMES', `the certificate is not for ${missing.join(', ')}, which machines are told`, [
            'restart the server: it makes a certificate for its names; one of your own (https.certificate) needs them too',
          ]),
        ]
      : []),
    ...(certificate.until - now < SOON_MS
      ? [
          problem('CERTIFICATE_ENDS', `the certificate is good until ${until} only`, [
            'restart the server; replace one of your own (https.certificate)',
          ]),
        ]
      : []),
  ]
}

/** `*.example` is for one label. */
function fits(pattern: string, name: string): boolean {
  if (pattern.toLowerCase() === name.toLowerCase()) return true
  return pattern.startsWith('*.') && name.toLowerCase().replace(/^[^.]+/, '*') === pattern.toLowerCase()
}

function upstreamFindings({ tracks }: SiteFacts): Finding[] {
  return tracks.flatMap(({ reference, source, problem: trouble }) =>
    trouble
      ? [
          problem('UPSTREAM_FAILS', `${reference} cannot follow ${source}: ${trouble.message}`, [
            `landfall image history ${reference}`,
            'look at proxy, password and CA of that registry (images.upstreams)',
          ]),
        ]
      : [],
  )
}

function imageFindings({ images, machines }: SiteFacts): Finding[] {
  if (images.length === 0 && machines.length > 0) {
    const next = ['landfall image pull registry.example/os/web:stable, or push one with podman or skopeo']
    return [problem('NO_IMAGE', 'there is no image yet: machines that boot wait for ever', next)]
  }
  return images
    .filter(({ platforms, machines: users }) => users > 0 && !platforms.some(({ bootable }) => bootable))
    .map(({ reference, machines: users }) =>
      problem('IMAGE_NOT_BOOTABLE', `${reference}, which ${users} machines shall run, has no kernel`, [
        'build it on a bootc base image and push it again',
      ]),
    )
}

function machineFindings({ machines, now }: SiteFacts): Finding[] {
  const waiting = machines.filter(
    ({ state, image, lastSeenAt }) =>
      (state === 'discovered' || state === 'ready') &&
      image === null &&
      lastSeenAt !== null &&
      now - Date.parse(lastSeenAt) < LATELY_MS,
  )
  const failed = machines.filter(({ state }) => state === 'failed')
  return [
    ...(waiting.length > 0
      ? [
          problem(
            'MACHINES_WAIT',
            `${count(waiting)} on and ${waiting.length === 1 ? 'waits' : 'wait'} for an image: ${names(waiting)}`,
            [`landfall machine assign IMAGE ${waiting[0]!.name}`],
          ),
        ]
      : []),
    ...(failed.length > 0
      ? [
          problem(
            'MACHINES_FAILED',
            `the last install of ${names(failed)} failed: ${failed[0]!.failure?.code ?? 'unknown'}`,
            [`landfall install logs ${failed[0]!.name}`],
          ),
        ]
      : []),
  ]
}

function count({ length }: readonly unknown[]): string {
  return length === 1 ? 'a machine is' : `${length} machines are`
}

function names(machines: readonly MachineSummary[]): string {
  const more = machines.length - NAMED
  const listed = machines.slice(0, NAMED).map(({ name }) => name)
  return listed.join(', ') + (more > 0 ? ` and ${more} more` : '')
}
