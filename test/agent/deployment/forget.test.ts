import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forgetMachine } from '../../../boot-assets/agent/deployment/forget.ts'

let stateroot: string
let deployment: string
beforeEach(async () => {
  stateroot = await mkdtemp(join(tmpdir(), 'forget-'))
  deployment = join(stateroot, 'deploy/abc.0')
})
afterEach(() => rm(stateroot, { recursive: true }))

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

describe('forgetMachine', () => {
  it('takes identity, host keys and secrets', async () => {
    const ssh = join(deployment, 'etc/ssh')
    for (const name of ['ssh_host_ed25519_key', 'ssh_host_rsa_key.pub', 'sshd_config']) await put(join(ssh, name), 'x')
    await put(join(deployment, 'etc/machine-id'), `${'a'.repeat(32)}\n`)
    await put(join(stateroot, 'var/lib/systemd/random-seed'), 'x')
    await forgetMachine(deployment)
    expect(await readFile(join(deployment, 'etc/machine-id'), 'utf8')).toBe('')
    expect(await readdir(ssh)).toEqual(['sshd_config'])
    expect(await readdir(join(stateroot, 'var/lib/systemd'))).toEqual([])
  })

  it.each(['', 'uninitialized\n'])('leaves a machine-id that is none: %j', async (text) => {
    await put(join(deployment, 'etc/machine-id'), text)
    await forgetMachine(deployment)
    expect(await readFile(join(deployment, 'etc/machine-id'), 'utf8')).toBe(text)
  })

  it('needs nothing of this to be there', async () => {
    await mkdir(join(deployment, 'etc'), { recursive: true })
    await forgetMachine(deployment)
    expect(await readdir(join(deployment, 'etc'))).toEqual([])
  })
})
