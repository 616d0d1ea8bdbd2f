// `landfall image inspect`, `check`, `diff`, `packages`: what images are, and what they are good for.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { formatBytes } from '../../contract/bytes.ts'
import { ImageDifference, ImageFit, ImageInspection, ImagePackages } from '../../contract/image-inspection.ts'
import type { FitCheck, PlatformInspection } from '../../contract/image-inspection.ts'
import { changeText, findingRows, readingText } from '../../contract/inspection-text.ts'
import type { ApiClient } from '../client.ts'
import { findMachine } from '../machine-lookup.ts'
import { printData, printObject, printRows, printText } from '../output.ts'
import { progressLine } from '../progress.ts'
import { withClient } from './context.ts'

const POLL_MS = 400

const ARCH = ['--arch <architecture>', 'of a multi-architecture image', 'amd64'] as const
const IMAGE = 'repository:tag, or repository@digest'

export function addInspectCommands(image: Command): void {
  image
    .command('inspect')
    .description('what an image is: system, kernel, boot loader, engine, layers; waits until its layers were read')
    .argument('<image>', IMAGE)
    .option('--no-wait', 'tell what is known by now')
    .action(async (reference: string, { wait }: { wait: boolean }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const inspection = wait ? await untilRead(client, reference) : await inspect(client, reference)
        printObject(output, inspection, [
          ['Image', reference],
          ...inspection.platforms.flatMap((platform): [string, string][] => [
            [platform.architecture, `${platform.digest}, ${readingText(platform)}`],
            ...findingRows(platform).map(([name, text]): [string, string] => [`  ${name}`, text]),
          ]),
        ])
      }),
    )

  image
    .command('check')
    .description('whether an image can start a machine, with reasons; ends with 1 when it cannot')
    .argument('<image>', IMAGE)
    .argument('<machine>', 'name, id, MAC or serial')
    .action(async (reference: string, machine: string, _: unknown, command: Command) =>
      withClient(command, async ({ client, output }) => {
        const { id } = await findMachine(client, machine)
        await untilRead(client, reference)
        const query = new URLSearchParams({ image: reference })
        const fit = await client.call('GET', `/machines/${id}/check?${query}`, ImageFit)
        if (!printData(output, fit)) printRows<FitCheck>(output, fit.checks, CHECKS)
        if (fit.result === 'refused') process.exitCode = 1
      }),
    )

  image
    .command('diff')
    .description('what the second image has that the first has not: packages, layers, kernel arguments')
    .argument('<from>', IMAGE)
    .argument('<to>', IMAGE)
    .option(...ARCH)
    .action(async (from: string, to: string, { arch }: { arch: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        for (const reference of [from, to]) await untilRead(client, reference)
        const query = new URLSearchParams({ to, architecture: arch })
        const difference = await client.call(
          'GET',
          `/images/${encodeURIComponent(from)}/difference?${query}`,
          ImageDifference,
        )
        printText(output, difference, differenceText(difference))
      }),
    )

  image
    .command('packages')
    .description('packages of an image, by its database of rpm or dpkg')
    .argument('<image>', IMAGE)
    .option(...ARCH)
    .action(async (reference: string, { arch }: { arch: string }, command: Command) =>
      withClient(command, async ({ client, output }) => {
        await untilRead(client, reference)
        const query = new URLSearchParams({ architecture: arch })
        const { items } = await client.call(
          'GET',
          `/images/${encodeURIComponent(reference)}/packages?${query}`,
          ImagePackages,
        )
        printRows(output, items, [
          { title: 'PACKAGE', value: ({ name }) => name },
          { title: 'VERSION', value: ({ version }) => version },
          { title: 'ARCH', value: ({ architecture }) => architecture },
        ])
      }),
    )
}

const CHECKS = [
  { title: 'CHECK', value: ({ name }: FitCheck) => name },
  { title: 'RESULT', value: ({ result }: FitCheck) => result },
  { title: 'WHY', value: ({ message }: FitCheck) => message },
]

function inspect(client: ApiClient, reference: string): Promise<ImageInspection> {
  return client.call('GET', `/images/${encodeURIComponent(reference)}/inspection`, ImageInspection)
}

async function untilRead(client: ApiClient, reference: string): Promise<ImageInspection> {
  const line = progressLine()
  try {
    for (;;) {
      const inspection = await inspect(client, reference)
      const reading = inspection.platforms.flatMap((platform) => platform.reading ?? [])
      if (reading.length === 0) return inspection
      const sum = (value: (one: NonNullable<PlatformInspection['reading']>) => number) =>
        reading.reduce((total, one) => total + value(one), 0)
      const message = `reading layer ${sum(({ layers }) => layers) + 1} of ${sum(({ totalLayers }) => totalLayers)}`
      line.update(
        sum(({ bytes }) => bytes),
        sum(({ totalBytes }) => totalBytes),
        message,
      )
      await sleep(POLL_MS)
    }
  } finally {
    line.end()
  }
}

function differenceText({ layers, facts, packages, kernelArguments, labels, ...rest }: ImageDifference): string {
  const { shared, sharedBytes, added, removed, transferBytes } = layers
  const section = (title: string, lines: string[]) =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)]
  return [
    `${rest.from.reference} -> ${rest.to.reference} (${rest.architecture})`,
    ...section('Layers', [
      `${shared} shared (${formatBytes(sharedBytes)}), ${added} new (${formatBytes(transferBytes)} to transfer), ${removed} gone`,
    ]),
    ...section('System', facts.map(changeText)),
    ...section(
      'Packages',
      packages === null ? ['not known: one of the images has no list that can be read'] : packages.map(changeText),
    ),
    ...section('Kernel arguments', [
      ...kernelArguments.added.map((argument) => `+ ${argument}`),
      ...kernelArguments.removed.map((argument) => `- ${argument}`),
    ]),
    ...section('Labels', labels.map(changeText)),
  ].join('\n')
}
