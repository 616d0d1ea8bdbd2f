import { expect, it } from 'vitest'
import { parsePasswd, planAccounts } from '../../../boot-assets/agent/deployment/accounts.ts'
import { sysusersText, usersTmpfilesText } from '../../../boot-assets/agent/deployment/users.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'

const KEY = 'ssh-ed25519 AAAA admin'
const FILE = Buffer.from(`${KEY}\n`).toString('base64')
const layout = { homes: '/var/home', shell: '/bin/bash' }

function texts(spec: object, passwd = '') {
  const planned = planAccounts(MachineSpec.parse(spec), { users: parsePasswd(passwd), groups: [] })
  return { sysusers: sysusersText(planned, layout), tmpfiles: usersTmpfilesText(planned, layout) }
}

it('users get rising ids, groups, homes and keys', () => {
  const users = [{ name: 'ann', sshKeys: [KEY], groups: ['sudo', 'adm'] }, { name: 'bob' }]
  expect(texts({ users })).toEqual({
    sysusers:
      'u ann 1000 "ann" /var/home/ann /bin/bash\nm ann sudo\nm ann adm\nu bob 1001 "bob" /var/home/bob /bin/bash\n',
    tmpfiles:
      'd /var/home/ann 0700 ann ann -\nd /var/home/ann/.ssh 0700 ann ann -\n' +
      `f~ /var/home/ann/.ssh/authorized_keys 0600 ann ann - ${FILE}\n` +
      'd /var/home/bob 0700 bob bob -\n',
  })
})

it('users are what the spec says of them, and groups come before', () => {
  const app = { name: 'app', uid: 4711, gid: 4712, comment: '100% "app"', home: '/var/lib/app', shell: '/sbin/nologin' }
  expect(texts({ users: [app], groups: [{ name: 'web', gid: 4712 }, { name: 'ops' }] })).toEqual({
    sysusers: 'g web 4712\ng ops -\nu app 4711:4712 "100%% \\"app\\"" /var/lib/app /sbin/nologin\n',
    tmpfiles: 'd /var/lib/app 0700 app 4712 -\n',
  })
})

it('a user of the image gets groups and keys, where its home is', () => {
  const passwd = 'core:x:1000:1000:Core:/var/home/core:/bin/bash\n'
  expect(texts({ users: [{ name: 'core', sshKeys: [KEY], groups: ['wheel'] }] }, passwd)).toEqual({
    sysusers: 'm core wheel\n',
    tmpfiles: `d /var/home/core/.ssh 0700 core 1000 -\nf~ /var/home/core/.ssh/authorized_keys 0600 core 1000 - ${FILE}\n`,
  })
})
