// What makes one machine differ from the next, without an image of its own: network, files, sudo, credentials; and an end without firmware.

import { expect } from 'vitest'
import { expectDeployed } from './deployed.ts'
import type { Lab } from './lab/lab.ts'
import type { Landfall } from './lab/landfall.ts'
import type { Machine } from './lab/machine.ts'
import { journey } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

const SECRET = 'nobody-may-read-this'
const HOOK_KEY = 'the key of the webhook'
const VLAN = 100

/** Prints signature and body of what it is told. */
const RECEIVER = `
  require('node:http').createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { 'landfall-timestamp': time, 'landfall-signature': signature } = request.headers
    const hmac = require('node:crypto').createHmac('sha256', ${JSON.stringify(HOOK_KEY)}).update(time + '.' + body)
    const right = signature === 'sha256=' + hmac.digest('hex')
    console.log('told', right ? 'rightly' : 'wrongly', body)
    response.writeHead(204).end()
  }).listen(9999, '127.0.0.1', () => console.log('listening'))`

/**
 * Asks with tagged frames for 10.100.0.10, as not every host's kernel has VLANs of its own. Only an interface of that VLAN hears the question; a
 * tag of the answer is taken off before a raw socket sees it.
 */
const ASK_IN_VLAN = String.raw`
  use strict; use Socket;
  my $read = sub { open(my $file, '<', "/sys/class/net/br0/$_[0]") or die $!; chomp(my $line = <$file>); $line };
  my $own = pack('H12', $read->('address') =~ tr/://dr);
  my ($from, $to) = map { inet_aton($_) } '10.100.0.1', '10.100.0.10';
  socket(my $wire, 17, SOCK_RAW, unpack('S', pack('n', 3))) or die $!;
  bind($wire, pack('S n i S C C a8', 17, 3, $read->('ifindex'), 0, 0, 0, '')) or die $!;
  my $arp = pack('n n C C n a6 a4 x6 a4', 1, 0x800, 6, 4, 1, $own, $from, $to);
  my $question = pack('H12 a6 n n n a*', 'f' x 12, $own, 0x8100, $ARGV[0], 0x806, $arp);
  for (1 .. 20) {
    send($wire, $question, 0) or die $!;
    my $end = time + 2;
    while (time < $end) {
      vec(my $ready = '', fileno($wire), 1) = 1;
      select($ready, undef, undef, 1) or next;
      recv($wire, my $frame, 2048, 0);
      my ($type, $operation, $sender) = (unpack('x12 n x6 n x6 a4', $frame . "\0" x 32))[0, 1, 2];
      if ($type == 0x806 && $operation == 2 && $sender eq $to) { print inet_ntoa($to), ' is there'; exit }
    }
  }
  die "nobody answered
"`

journey(
  'a machine that differs',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    const machine = await lab.machine({ name: 'differs', disks: [{ sizeGiB: 6 }] })
    const receiver = lab.spawn('receiver', [process.execPath, '-e', RECEIVER])
    await receiver.log.waitForLine(/listening/)
    return { ...world, machine, receiver, key: await lab.sshKey() }
  },
  (chapter) => {
    chapter(
      'is configured and goes on into its system by kexec, without starting its firmware again',
      async (world) => {
        const { landfall, machine, lab, key, demo } = world
        const id = await landfall.addMachine(machine.mac, 'edge-01')
        await landfall.assign(id, DEMO_1, {
          hostname: 'edge-01',
          rootSshKeys: [key.publicLine],
          users: [{ name: 'ada', sshKeys: [], groups: [], uid: 1815, sudo: 'nopasswd' }],
          network: [
            connection(machine, `${staticAddress(lab)}/24`),
            { ...connection(machine, '10.100.0.10/24'), vlan: VLAN },
          ],
          files: [
            file('/etc/demo/app.conf', 'answer = 42\n', { mode: '0640', group: 'adm' }),
            file('/usr/local/bin/hello', '#!/bin/sh\necho hello from $1\n', { mode: '0755' }),
            file('/home/ada/notes', 'hers\n', { mode: '0600', user: 'ada', group: 'ada' }),
            file('/var/lib/demo/key', SECRET, { mode: '0600', secret: true }),
          ],
          services: { masked: ['fstrim.timer'] },
          systemdCredentials: [{ name: 'demo.token', value: SECRET }],
          registry: { credentials: [{ registry: 'quay.example', username: 'me', password: SECRET }] },
          hooks: {
            script: 'echo of /etc > /etc/by-script; echo of /var > /var/lib/by-script; echo the script says hello\n',
            webhook: { url: 'http://127.0.0.1:9999/', secret: HOOK_KEY },
          },
          finish: 'kexec',
        })
        await machine.powerOn()
        const deployed = await landfall.waitForState(machine.mac, 'deployed')
        expect(deployed).toMatchObject({ runningDigest: demo.v1.digest, address: staticAddress(lab) })
        expect(machine.serial.matching(/Starting the installed system, without its firmware/)).toHaveLength(1)
        // A start through the firmware would have asked once more.
        const asked = (await landfall.events(id)).filter(({ type }) => type === 'boot.script')
        expect(asked.map(({ data }) => data['decision'])).toEqual(['install'])
      },
    )

    chapter('has the network of its spec, VLAN and all', async ({ lab, machine, key }) => {
      const ssh = machine.ssh(staticAddress(lab), key)
      await ssh.waitUntilReady()
      const addresses = (await ssh.run('ip -4 -o address show scope global')).stdout
      expect(addresses.match(/inet \S+/g)).toEqual([`inet ${staticAddress(lab)}/24`, 'inet 10.100.0.10/24'])
      expect((await ssh.run('ip -d link show vlan100')).stdout).toMatch(/vlan protocol 802\.1Q id 100/)
      expect((await ssh.run('networkctl --no-legend --no-pager list')).stdout).toMatch(
        /vlan100\s+vlan\s+routable\s+configured/,
      )
      const { namespace } = lab.network
      expect((await namespace.exec(['perl', '-e', ASK_IN_VLAN, String(VLAN)])).stdout).toBe('10.100.0.10 is there')
    })

    chapter('has files, sudo, units, logins and credentials as they were wanted', async ({ lab, machine, key }) => {
      const ssh = machine.ssh(staticAddress(lab), key)
      const out = async (command: string) => (await ssh.run(command)).stdout.trim()
      expect(await out('stat -c "%a %U %G" /etc/demo/app.conf; cat /etc/demo/app.conf')).toBe(
        '640 root adm\nanswer = 42',
      )
      expect(await out('/usr/local/bin/hello $(cat /proc/sys/kernel/hostname)')).toBe('hello from edge-01')
      expect(await out('stat -c "%a %U %G" /home/ada/notes /home/ada')).toBe('600 ada ada\n700 ada ada')
      expect(await out('stat -c %a /var/lib/demo/key; cat /var/lib/demo/key')).toBe(`600\n${SECRET}`)
      expect(await out('runuser -u ada -- sudo -n id -u')).toBe('0')
      expect(await out('visudo -c | tail -n 1; systemctl is-enabled fstrim.timer || true')).toMatch(
        /parsed OK\nmasked$/,
      )
      const unit = 'systemd-run --quiet --pipe --wait -p LoadCredential=demo.token'
      expect(await out(`${unit} sh -c 'cat $CREDENTIALS_DIRECTORY/demo.token'`)).toBe(SECRET)
      expect(await out('stat -c %a /etc/ostree/auth.json')).toBe('600')
      expect(await out('cat /etc/by-script /var/lib/by-script')).toBe('of /etc\nof /var')
      const registry = `${lab.address}:8443`
      const ca = `/etc/containers/certs.d/${registry}/ca.crt`
      // Answered by whom it trusts, and asked to log in, as who pushes has to.
      expect(await out(`curl -s -o /dev/null -w '%{http_code}' --cacert ${ca} https://${registry}/v2/`)).toBe('401')
    })

    chapter(
      'holds what the checklist says, and its firmware has no choice left over',
      async ({ lab, machine, key, demo }) => {
        const ssh = machine.ssh(staticAddress(lab), key)
        await expectDeployed(ssh, { demo, version: '1', registry: `${lab.address}:8443`, hostname: 'edge-01' })
        const menu = (await ssh.run('efibootmgr')).stdout
        expect(menu).not.toMatch(/^BootNext/m)
        expect(menu).toMatch(/^Boot[0-9A-F]{4}\* Debian/m)
      },
    )

    chapter('told others of its end, and its secrets to nobody', async ({ landfall, machine, receiver }) => {
      const [, right, body] = await receiver.log.waitForLine(/^told (\S+) (.*\}\})$/, { fromStart: true })
      expect(right).toBe('rightly')
      const { installId, id } = await landfall.machine(machine.mac)
      expect(JSON.parse(body!)).toMatchObject({ event: 'install.succeeded', install: { id: installId } })
      await landfall.until('the delivery is written down', async () => {
        const delivered = (await landfall.events(id)).find(({ type }) => type === 'webhook.delivered')
        return delivered ?? 'not yet'
      })
      await expectUntold(landfall, machine, installId!)
    })
  },
)

/** Neither the console, nor the server's log, nor any answer of the API holds a secret. */
async function expectUntold(landfall: Landfall, machine: Machine, installId: string): Promise<void> {
  const secret = new RegExp(`${SECRET}|${Buffer.from(SECRET).toString('base64')}|${HOOK_KEY}`)
  expect(machine.serial.matching(secret)).toEqual([])
  expect(landfall.process.log.matching(secret)).toEqual([])
  const log = await landfall.cli('install', 'log', installId)
  expect(log).toContain('script: the script says hello')
  const told = [await landfall.machine(machine.mac), await landfall.install(installId), log]
  expect(JSON.stringify(told)).not.toMatch(secret)
}

/** Outside of what DHCP lends. */
function staticAddress({ address }: Lab): string {
  return address.replace(/\d+$/, '50')
}

function connection({ mac }: Machine, address: string) {
  return {
    macs: [mac],
    ipv4: { method: 'static' as const, address },
    ipv6: { method: 'none' as const },
    nameservers: [],
  }
}

function file(path: string, content: string, own: { mode: string; user?: string; group?: string; secret?: boolean }) {
  return { path, content, encoding: 'text' as const, user: 'root', group: 'root', secret: false, ...own }
}
