// What `diagnoseSite` looks at, gathered from the server and, where it is this one, its host. Only reads.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { stat, statfs } from 'node:fs/promises'
import { connect } from 'node:tls'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ImageTrack } from '../../contract/image-track.ts'
import { Image } from '../../contract/image.ts'
import type { SystemInfo } from '../../contract/system.ts'
import type { ApiClient } from '../client.ts'
import { allMachines } from '../machine-lookup.ts'
import type { DataFacts, ServedCertificate, SiteFacts } from './site.ts'

const PATIENCE_MS = 5000

export async function gatherSite(
  client: ApiClient,
  { url, system, folder }: { url: string; system: SystemInfo; folder: string | undefined },
): Promise<SiteFacts> {
  const [certificate, data, clockSynchronised, images, tracks, machines] = await Promise.all([
    servedCertificate(new URL(url)).catch(() => undefined),
    folder === undefined ? undefined : dataFacts(folder).catch(() => undefined),
    folder === undefined ? undefined : clock(),
    client.list('/images', Image),
    client.list('/image-tracks', ImageTrack),
    allMachines(client, {}),
  ])
  return { system, certificate, data, clockSynchronised, images, tracks, machines, now: Date.now() }
}

/** Looks at it whoever signed it: that is for others to judge. */
async function servedCertificate({ hostname, port }: URL): Promise<ServedCertificate> {
  const host = hostname.replaceAll(/[[\]]/g, '')
  const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false, timeout: PATIENCE_MS })
  try {
    socket.on('timeout', () => socket.destroy(new Error('no answer')))
    await once(socket, 'secureConnect')
    const { subjectaltname = '', valid_from: from, valid_to: until } = socket.getPeerCertificate()
    return { names: namesOf(subjectaltname), from: Date.parse(from), until: Date.parse(until) }
  } finally {
    socket.destroy()
  }
}

/** `DNS:landfall.example, IP Address:192.0.2.1` as Node writes it. */
export function namesOf(subjectAltName: string): string[] {
  return subjectAltName
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '')
}

/** Of the folder where the server keeps its access file. */
async function dataFacts(folder: string): Promise<DataFacts> {
  const [{ bavail, blocks, bsize }, { mode, uid }, database] = await Promise.all([
    statfs(folder),
    stat(folder),
    stat(join(folder, 'landfall.db')).catch(() => undefined),
  ])
  const sizes = { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  return { folder, ...sizes, mode: mode & 0o777, uid, databaseUid: database?.uid }
}

async function clock(): Promise<boolean | undefined> {
  try {
    const { stdout } = await promisify(execFile)('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      timeout: PATIENCE_MS,
    })
    const answer = stdout.trim()
    return answer === 'yes' ? true : answer === 'no' ? false : undefined
  } catch {
    return undefined
  }
}
