// Takes from a deployment what would make all machines that start from copies of its disk look like one.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** `deployment` is its folder on the mounted target, with its stateroot's /var two levels above. Throws system errors. */
export async function forgetMachine(deployment: string): Promise<void> {
  const id = join(deployment, 'etc/machine-id')
  const text = await readFile(id, 'utf8').catch(() => '')
  // Empty and "uninitialized" differ (machine-id(5)): what the image chose stays.
  if (/^[0-9a-f]{32}/.test(text)) await writeFile(id, '')
  const ssh = join(deployment, 'etc/ssh')
  const keys = (await readdir(ssh).catch(() => [])).filter((name) => /^ssh_host_.*_key(\.pub)?$/.test(name))
  const seeds = ['random-seed', 'credential.secret'].map((name) => join(deployment, '../../var/lib/systemd', name))
  for (const file of [...keys.map((name) => join(ssh, name)), ...seeds]) await rm(file, { force: true })
}
