// `landfall bundle`: images for a site without a line, in one file.
import type { Command } from 'commander'
import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'smol-toml'
import { extract } from 'tar-stream'
import { z } from 'zod'
import { formatBytes } from '../../contract/bytes.ts'
import { BUNDLE_BYTES_HEADER, BUNDLE_POLICIES } from '../../contract/bundle.ts'
import { ImageProgress } from '../../contract/image.ts'
import { TrustPolicy } from '../../contract/trust.ts'
import type { TrustPolicySetting } from '../../contract/trust.ts'
import { CliError } from '../errors.ts'
import { printText } from '../output.ts'
import { progressLine } from '../progress.ts'
import { openFile, sending } from '../sending.ts'
import { withClient } from './context.ts'
import { printImages } from './image.ts'

const MAX_POLICIES_BYTES = 2 ** 23

export function addBundleCommands(program: Command): void {
  const bundle = program
    .command('bundle')
    .description('images with their signatures in one file, for sites without a line')

  bundle
    .command('export')
    .description('write a bundle; it is an OCI archive, which skopeo and podman read too')
    .argument('<file>', 'it appears when it is whole')
    .argument('[image...]', 'repository:tag or repository@digest; by default every image with a tag')
    .option('--policies', 'also the policies of trust of the configuration')
    .action(async (file: string, images: string[], { policies = false }: { policies?: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const query = new URLSearchParams({ policies: String(policies) })
        for (const image of images) query.append('image', image)
        const { stream, headers } = await client.open(`/bundles/export?${query}`)
        const total = Number(headers[BUNDLE_BYTES_HEADER.toLowerCase()])
        const bytes = await receive(stream, total, file)
        printText(output, { file, bytes }, `${file}: ${formatBytes(bytes)}`)
      }),
    )

  bundle
    .command('import')
    .description('take in a bundle, all of it or nothing; what is here already is not stored again')
    .argument('<file>', '- reads from standard input')
    .action(async (file: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const line = progressLine()
        const body = { stream: sending(await openFile(file), line), type: 'application/x-tar' }
        const done = await client.operate('/bundles/import', body, ImageProgress, () => {}).finally(() => line.end())
        printImages(output, done)
      }),
    )

  bundle
    .command('policies')
    .description("print a bundle's policies of trust as tables for landfall.toml")
    .argument('<file>')
    .action(async (file: string) => {
      const policies = await readPolicies(file)
      const tables = policies.map(({ pattern, ...rest }): TrustPolicySetting => ({ repository: pattern, ...rest }))
      console.log(stringify({ trust: { policies: tables } }))
    })
}

/** Writes it beside the file, which it becomes when it is whole and on the disk; returns its bytes. */
async function receive(stream: AsyncIterable<Buffer>, totalBytes: number, file: string): Promise<number> {
  const part = `${file}.part`
  const line = progressLine()
  let bytes = 0
  try {
    const counted = async function* () {
      for await (const chunk of stream) {
        bytes += chunk.length
        line.update(bytes, Math.max(totalBytes, bytes), 'receiving')
        yield chunk
      }
    }
    await pipeline(counted, createWriteStream(part, { flush: true }))
    await rename(part, file)
    const folder = await open(dirname(resolve(file)), 'r')
    await folder.sync().finally(() => folder.close())
    return bytes
  } catch (cause) {
    await rm(part, { force: true })
    throw new CliError(`${file}: ${(cause as Error).message}`, { cause, hint: 'export it again' })
  } finally {
    line.end()
  }
}

async function readPolicies(file: string): Promise<TrustPolicy[]> {
  const untar = extract()
  const { stream } = await openFile(file)
  const feeding = pipeline(stream, untar)
  feeding.catch(() => {}) // reported below
  let text = ''
  for await (const entry of untar) {
    if (entry.header.name === BUNDLE_POLICIES && (entry.header.size ?? 0) <= MAX_POLICIES_BYTES) {
      for await (const chunk of entry) text += String(chunk)
    }
    entry.resume()
  }
  await feeding
  if (text !== '') return z.array(TrustPolicy).parse(JSON.parse(text))
  throw new CliError(`${file} holds no policies`, { hint: 'export it with --policies' })
}
