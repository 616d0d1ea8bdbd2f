// Choosing one image of an OCI image layout that may hold several.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CliError } from './errors.ts'

const REF_NAME = 'org.opencontainers.image.ref.name'

const LayoutIndex = z.looseObject({
  manifests: z.array(z.looseObject({ annotations: z.record(z.string(), z.string()).optional() })).min(1),
})

/**
 * The layout's index.json with only the image that `reference` means: the only one there is, or the one annotated with the reference or
 * its tag. Throws CliError 2 with the names there are.
 */
export async function layoutIndexOf(folder: string, reference: string): Promise<Buffer> {
  const index = await readIndex(join(folder, 'index.json'))
  const tag = /:([^:/@]+)$/.exec(reference)?.[1] ?? 'latest'
  const names = index.manifests.map(({ annotations }) => annotations?.[REF_NAME])
  const chosen =
    index.manifests.length === 1
      ? index.manifests
      : index.manifests.filter((_, at) => names[at] === reference || names[at] === tag)
  if (chosen.length === 1) return Buffer.from(JSON.stringify({ ...index, manifests: chosen }))
  throw new CliError(`${folder} has ${chosen.length === 0 ? 'no' : 'more than one'} image ${reference}`, {
    exitCode: 2,
    hint: `it has: ${names.map((name) => name ?? '(without a name)').join(', ')}; give one of these as the tag`,
  })
}

async function readIndex(file: string): Promise<z.infer<typeof LayoutIndex>> {
  try {
    return LayoutIndex.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'it names no manifest'
    throw new CliError(`${file} is not the index of an OCI image layout: ${why}`, { exitCode: 2, cause })
  }
}
