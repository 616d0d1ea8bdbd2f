import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chronyDropIn, timeServers } from '../../../boot-assets/agent/deployment/time-servers.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { FakeTree, saysNo } from '../fake-tree.ts'

const TIMESYNCD = 'usr/lib/systemd/systemd-timesyncd'

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
})
afterEach(() => fake[Symbol.asyncDispose]())

const files = () => timeServers(fake.tree, fake.root, ['a.example', 'b.example'])

describe('chronyDropIn', () => {
  it.each([
    [
      'sources before settings',
      'confdir /etc/chrony/conf.d\nsourcedir /etc/chrony/sources.d/',
      'etc/chrony/sources.d/landfall.sources',
    ],
    ['settings', '  ConfDir /usr/lib/chrony.d /etc/chrony.d', 'etc/chrony.d/landfall.conf'],
    ['nothing that is gone at the next boot', 'sourcedir /run/chrony-dhcp\n#sourcedir /etc/chrony.d', undefined],
  ])('takes %s', (_, config, file) => {
    expect(chronyDropIn(config)).toBe(file)
  })
})

describe('time servers', () => {
  it('are chrony’s where it runs', async () => {
    fake.programs.add('chronyd')
    await fake.image(TIMESYNCD)
    await fake.etc('chrony/chrony.conf', 'sourcedir /etc/chrony/sources.d\n')
    expect(await files()).toEqual([
      {
        path: 'etc/chrony/sources.d/landfall.sources',
        text: 'server a.example iburst\nserver b.example iburst\n',
        mode: 0o644,
      },
    ])
  })

  it('are added to the configuration of a chrony that reads no other file below /etc', async () => {
    fake.programs.add('chronyd')
    const text = 'pool 2.example iburst\nsourcedir /run/chrony-dhcp\n'
    await fake.etc('chrony.conf', text)
    const added = '# Time servers of the machine (Landfall)\nserver a.example iburst\nserver b.example iburst\n'
    expect(await files()).toEqual([{ path: 'etc/chrony.conf', text: `${text}${added}`, mode: 0o644 }])
  })

  it('are systemd-timesyncd’s where that runs', async () => {
    fake.programs.add('chronyd')
    fake.answers.set('systemctl --root=/ is-enabled --quiet chron', saysNo(''))
    await fake.image(TIMESYNCD)
    expect(await files()).toEqual([
      {
        path: 'etc/systemd/timesyncd.conf.d/landfall.conf',
        text: '[Time]\nNTP=\nNTP=a.example b.example\n',
        mode: 0o644,
      },
    ])
  })

  it('are refused where nothing would read them', async () => {
    await expect(files()).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
    fake.programs.add('chronyd')
    await expect(files()).rejects.toThrow(/chrony has no configuration below \/etc/)
    await fake.image(TIMESYNCD)
    fake.answers.set('systemctl --root=/ is-enabled', saysNo(''))
    await expect(files()).rejects.toThrow(/neither chrony nor systemd-timesyncd enabled/)
    expect(await timeServers(fake.tree, fake.root, [])).toEqual([])
  })
})
