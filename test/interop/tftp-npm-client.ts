// The npm package `tftp` as an independent client: fetches each `remote=local` of the arguments after the host.

import { createRequire } from 'node:module'

interface Client {
  get(remote: string, local: string, callback: (error?: Error) => void): void
}
const require = createRequire(import.meta.url)
const { createClient } = require('tftp') as {
  createClient(options: { host: string; blockSize: number; windowSize: number }): Client
}
const [host = '', windowSize = '4', ...files] = process.argv.slice(2)
const client = createClient({ host, blockSize: 1468, windowSize: Number(windowSize) })
for (const file of files) {
  const [remote = '', local = ''] = file.split('=')
  await new Promise<void>((resolve, reject) => {
    client.get(remote, local, (error) => (error ? reject(error) : resolve()))
  })
}
