// Settings of the network that a server cannot start by must not keep it from starting: then those before hold again.
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { networkFile } from '../config/network-file.ts'

export interface Starts<Server> {
  /** By what is written now. */
  anew: () => Promise<Server>
  /** By the settings before; the trouble is for people. */
  asBefore: (trouble: string) => Promise<Server>
}

/** To be made when a server runs by what the file says. */
export class NetworkChange {
  readonly #file: string
  /** What a server has started by; undefined where there was no file. */
  #good: string | undefined

  constructor(dataDir: string) {
    this.#file = networkFile(dataDir)
    this.#good = this.#read()
  }

  /** Starts anew or, when that fails, as before; the file is taken back then. Rejects when neither succeeds. */
  async begin<Server>({ anew, asBefore }: Starts<Server>): Promise<Server> {
    try {
      const server = await anew()
      this.#good = this.#read()
      return server
    } catch (error) {
      if (this.#good === undefined) await rm(this.#file, { force: true })
      else await writeFile(this.#file, this.#good)
      return asBefore(
        `the change of the network was taken back, as the server did not start: ${(error as Error).message}`,
      )
    }
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8')
    } catch {
      return undefined
    }
  }
}
