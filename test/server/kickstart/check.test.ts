import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KickstartRelease } from '../../../server/contract/kickstart-release.ts'
import { checkKickstart } from '../../../server/kickstart/check.ts'
import { renderKickstart } from '../../../server/kickstart/render.ts'
import { loadTemplates } from '../../../server/render/templates.ts'
import { inputOf } from '../../helpers/kickstart-cases.ts'

const templates = await loadTemplates(join(import.meta.dirname, '../../../templates'))
const { text: GOOD } = renderKickstart(
  templates,
  inputOf({ name: 'known', spec: { disks: { disk: { byId: 'nvme-X' } } } }, 'F44'),
)

function found(text: string, release: KickstartRelease = 'F44'): string[] {
  return checkKickstart(text, { release }).map(({ message }) => message)
}

describe('a kickstart is wrong', () => {
  it.each<[what: string, from: string | RegExp, to: string, message: RegExp, release?: KickstartRelease]>([
    ['with an unknown command', 'zerombr', 'zerombr\nnonsense --x', /F44 has no command nonsense/],
    ['with an unknown option', 'zerombr', 'zerombr\nselinux --maybe', /no option --maybe/],
    ['with a command of another release', 'zerombr', 'zerombr\nvnc', /no place|no command/],
    [
      'with options that RHEL 10 forgot (statement 9)',
      'Etc/UTC --utc',
      'Etc/UTC --isUtc',
      /timezone of RHEL10 has no option --isUtc/,
      'RHEL10',
    ],
    [
      'with two payloads (statement 5)',
      'reboot',
      'bootc --source-imgref=registry:a/b --target-imgref=a/b\nreboot',
      /bootc besides ostreecontainer/,
    ],
    ['without payload', /^ostreecontainer.*$/m, '', /none of ostreecontainer, bootc/],
    ['with two ends', /^reboot$/m, 'reboot\npoweroff', /poweroff besides reboot/],
    ['with a transport in the url (statement 6)', '--url=', '--url=registry:', /must not name a transport/],
    ['without a transport', ' --transport=registry', '', /without --transport/],
    [
      'with bootc where it does nothing (statement 7)',
      /^ostreecontainer.*$/m,
      'bootc --source-imgref=registry:a/b --target-imgref=a/b',
      /F43 has no command bootc/,
      'F43',
    ],
    [
      'with a bootc target that names a transport',
      /^ostreecontainer.*$/m,
      'bootc --source-imgref=registry:a/b --target-imgref=registry:a/b',
      /--target-imgref without a transport/,
    ],
    ['with ignored commands (statement 8)', 'zerombr', 'zerombr\nurl --url=http://x', /url has no place/],
    ['with %traceback', '%onerror', '%traceback', /deprecated/],
    ['when it would ask (statement 10)', 'text --non-interactive', 'text', /wait for answers/],
    ['without a language (statement 11)', /^lang.*$/m, '', /lang is missing/],
    ['with a password in the clear (statement 12)', 'rootpw --lock', 'rootpw secret', /no \$6\$ or \$y\$ crypt hash/],
    [
      'with a key for nobody (statement 13)',
      'zerombr',
      'zerombr\nsshkey --username=eve "ssh-ed25519 A"',
      /eve, who is not created/,
    ],
    ['when it wipes all disks (statement 14)', /^ignoredisk.*$/m, '', /every disk would be wiped/],
    [
      'with a disk outside (statement 15)',
      'part / ',
      'part /var --ondisk=sdb\npart / ',
      /--ondisk=sdb is not in ignoredisk/,
    ],
    ['with autopart and part (statement 16)', 'zerombr', 'zerombr\nautopart --type=lvm', /besides autopart/],
    ['with autopart of no type', 'zerombr', 'zerombr\nautopart', /without --type/],
    ['with two roots (statement 17)', 'part / ', 'part / --size=1\npart / ', /2 root file systems/],
    ['with an encrypted /boot', 'part / ', 'part /boot --encrypted\npart / ', /\/boot cannot be encrypted/],
    [
      'with /var/log without /var (statement 18)',
      'part / ',
      'part /var/log --size=1\npart / ',
      /without a file system for \/var/,
    ],
    [
      'with two networks for one device (statement 21)',
      'zerombr',
      'zerombr\nnetwork --device=bootif',
      /second network line/,
    ],
    [
      'with a static network without address (statement 22)',
      'zerombr',
      'zerombr\nnetwork --device=eth0 --bootproto=static',
      /needs --ip/,
    ],
    ['with options without effect (statement 32)', 'bootloader ', 'bootloader --timeout=5 ', /--timeout has no effect/],
    ['with an include nobody makes', 'zerombr', 'zerombr\n%include http://x/y', /no such file is made/],
    ['with carriage returns (statement 2)', 'zerombr', 'zerombr\r', /carriage return/],
    ['with a byte order mark', /^/, '\ufeff', /byte order mark/],
    ['without a newline at its end', /\n$/, '', /newline/],
  ])('%s', (_, from, to, message, release) => {
    const changed = GOOD.replace(from, to)
    expect(changed).not.toBe(GOOD)
    expect(found(changed, release).join('\n')).toMatch(message)
  })

  it('and nothing is, as long as nobody changed it', () => {
    expect(found(GOOD)).toEqual([])
  })

  it('in the line that is told', () => {
    const [problem] = checkKickstart(GOOD.replace('zerombr', 'nonsense'), { release: 'F44' }).filter(({ message }) =>
      message.includes('nonsense'),
    )
    expect(GOOD.split('\n')[problem!.line - 1]).toBe('zerombr')
  })
})
