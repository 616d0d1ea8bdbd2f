// The settings that the set-up page writes: a file of their own in the data folder, where the service's user may write.
import { join } from 'node:path'

export function networkFile(dataDir: string): string {
  return join(dataDir, 'network.toml')
}
