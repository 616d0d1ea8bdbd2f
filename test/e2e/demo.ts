// `npm run demo`: the main job, once, on this host. A virtual machine netboots by its own firmware, is discovered, gets an image assigned,
// installs it, and confirms from its own disk that it runs it. The web page shows all of it meanwhile.
import { formatBytes } from '../../server/contract/bytes.ts'
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import type { Install } from '../../server/contract/install.ts'
import { prepareHost } from '../host-setup.ts'
import { buildDemoImages, DEMO_REPOSITORY } from '../images/demo-image.ts'
import { LabError } from './lab/errors.ts'
import { createLab, labUnavailable } from './lab/lab.ts'
import type { Lab } from './lab/lab.ts'
import { startLandfall } from './lab/landfall.ts'
import type { Landfall } from './lab/landfall.ts'
import type { Machine } from './lab/machine.ts'

const USAGE = `usage: npm run demo [-- --keep] [--port N]
  --keep      leave server and machine up afterwards, until Ctrl-C
  --port N    where the web page is reached on this host (default: 8443, or a free port when that is taken)`

const WEB_PORT = 8443
const HOSTNAME = 'first-light'

/** Prints with the time since the start, and remembers how long each part took. */
class Story {
  readonly parts: [what: string, seconds: number][] = []
  #started = performance.now()
  #partStarted = performance.now()

  say(line: string): void {
    console.log(`${((performance.now() - this.#started) / 1000).toFixed(1).padStart(7)} s  ${line}`)
  }

  /** Ends a part of the story. */
  done(what: string): void {
    const now = performance.now()
    this.add(what, (now - this.#partStarted) / 1000)
    this.#partStarted = now
  }

  add(what: string, seconds: number): void {
    this.parts.push([what, seconds])
  }
}

async function demo(options: { keep: boolean; port: number | undefined }): Promise<void> {
  const story = new Story()
  const log = (line: string) => story.say(line)

  const reason = labUnavailable()
  if (reason !== undefined) throw new LabError('UNAVAILABLE', reason)
  log(
    'preparing: Debian packages, boot files, web page, image. The first time this takes some minutes; later it is reused',
  )
  await prepareHost(log)
  const images = await buildDemoImages({ log })
  await using lab = await createLab({ name: 'demo', log })
  const landfall = await startLandfall(lab, { log, localPort: options.port ?? (await freePort(WEB_PORT)) })
  story.done('set-up')

  log(`Landfall is up. Watch in a browser (the link logs in once): ${landfall.loginLink}`)
  await landfall.importImages(images.layout, DEMO_REPOSITORY)
  const image = `${DEMO_REPOSITORY}:${images.v1.tag}`
  log(`image ${image} is in the store, digest ${images.v1.digest}`)
  story.done('image import')

  const machine = await lab.machine({
    name: 'demo',
    disks: [{ sizeGiB: 8, serial: 'DEMO-DISK' }],
    serialNumber: 'DEMO-0001',
  })
  await machine.powerOn()
  log(`machine ${machine.mac} is on: 2 CPUs, 2 GiB, one empty disk; its UEFI firmware asks the network`)
  await machine.serial.waitForLine(/what to boot/, { timeout: 300_000 })
  log('its firmware has loaded iPXE by TFTP, which asks Landfall what to boot')
  story.done('firmware and boot loader')
  const { id, name, facts } = await discovered(landfall, machine)
  log(
    `discovered as ${name}: ${facts?.smbios.product}, serial ${facts?.smbios.serial}, disk ${facts?.disks[0]?.serial}`,
  )
  story.done('kernel and agent')

  const key = await lab.sshKey()
  const installId = await landfall.assign(id, image, { hostname: HOSTNAME, rootSshKeys: [key.publicLine] })
  log(`assigned ${image}: it starts now, without another reboot`)
  const install = await followInstall(landfall, installId, log)
  for (const { name: step, startedAt, endedAt } of install.steps) {
    // It lasts until the report of the first boot, like the step after it.
    if (step === 'reboot') continue
    if (startedAt && endedAt) story.add(`  ${step}`, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
  }
  story.done('install, from assignment to the report of the first boot')

  const end = await landfall.machine(machine.mac)
  if (end.state !== 'deployed' || end.runningDigest !== images.v1.digest) {
    throw new LabError(
      'COMMAND_FAILED',
      `the machine is ${end.state} and runs ${end.runningDigest}, wanted ${images.v1.digest}`,
    )
  }
  log(`${HOSTNAME} runs ${image} and has confirmed its digest`)
  const ssh = machine.ssh(end.address!, key)
  await ssh.waitUntilReady()
  const status = (await ssh.run('ostree admin status', { timeout: 120_000 })).stdout.trimEnd()
  log(`on the machine itself, \`ostree admin status\` says:\n${status.replace(/^/gm, '             ')}`)
  summarise(story, install)
  if (options.keep) await keepUp(lab, landfall, end.address!, key.privatePath)
}

function discovered(landfall: Landfall, { mac }: Machine) {
  return landfall.until(`${mac} has told its facts`, async () => {
    const machine = await landfall.machine(mac)
    return machine.facts ? machine : `it is ${machine.state}`
  })
}

/** Prints each step as it begins and the bytes as they flow; resolves when the machine has confirmed. Throws with the reason when it failed. */
async function followInstall(landfall: Landfall, installId: string, log: (line: string) => void): Promise<Install> {
  const told = new Set<string>()
  let lastShare = 0
  return landfall.until('the install has ended', async () => {
    const install = await landfall.install(installId)
    for (const { name, state, message, bytes, totalBytes, rate } of install.steps) {
      if (state === 'pending') continue
      if (!told.has(name)) log(`${name}: ${message}`)
      told.add(name)
      const share = Math.floor((4 * bytes) / totalBytes)
      if (name !== 'fetch' || state !== 'running' || !(share > lastShare)) continue
      lastShare = share
      log(`  ${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${formatBytes(rate)}/s`)
    }
    if (install.state === 'succeeded' || install.state === 'failed') return install
    return `it is ${install.state}`
  })
}

function summarise({ parts }: Story, { digest, confirmedDigest, agentPeakRss }: Install): void {
  console.log('\nSummary')
  for (const [what, seconds] of parts) console.log(`${seconds.toFixed(1).padStart(9)} s  ${what}`)
  console.log(`  assigned   ${digest}\n  confirmed  ${confirmedDigest}`)
  if (agentPeakRss !== null) console.log(`  memory of the agent at most ${formatBytes(agentPeakRss)}`)
}

async function keepUp(lab: Lab, landfall: Landfall, address: string, key: string): Promise<void> {
  const inside = `nsenter --net=/run/netns/${lab.network.namespace.name}`
  console.log(`
Server and machine stay up; Ctrl-C ends and removes them.
  web page        ${landfall.url}/  (log in with: ${inside} npm run --silent landfall -- --data-dir ${landfall.dataDir} token create me --role admin)
  command line    ${inside} npm run --silent landfall -- --data-dir ${landfall.dataDir} machine list
  the machine     ${inside} ssh -i ${key} root@${address}
  its console     ${lab.artefacts}/demo-serial.log`)
  const ended = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.resolve())
  // Keeps the process alive: promises alone do not.
  const timer = setInterval(() => {}, 60_000)
  await ended.promise
  clearInterval(timer)
}

/** `wanted`, or any other port when somebody listens there. */
async function freePort(wanted: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = createServer()
  probe.once('error', () => resolve(false))
  probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(true)))
  return (await promise) ? wanted : 0
}

try {
  const { values } = parseArgs({
    options: {
      keep: { type: 'boolean', default: false },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) console.log(USAGE)
  else await demo({ keep: values.keep, port: values.port === undefined ? undefined : Number(values.port) })
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
