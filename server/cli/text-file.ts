// Text files that commands are given, no larger than a server would take.
import { openFile } from './sending.ts'
import { CliError } from './errors.ts'

/** The whole file, or standard input for `-`. Throws CliError 2 for what is not there, no UTF-8, or larger than `maxBytes`. */
export async function readText(path: string, maxBytes: number): Promise<string> {
  const { stream } = await openFile(path)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > maxBytes) throw new CliError(`${path} is larger than ${maxBytes} bytes`, { exitCode: 2 })
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw new CliError(`${path} is no text in UTF-8`, { exitCode: 2, cause })
  }
}
