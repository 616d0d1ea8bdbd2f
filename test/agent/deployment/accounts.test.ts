import { describe, expect, it } from 'vitest'
import { parseGroup, parsePasswd, planAccounts } from '../../../boot-assets/agent/deployment/accounts.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'

const known = {
  users: parsePasswd(
    'root:x:0:0:root:/root:/bin/bash\n# remark\nwww-data:x:33:33:www:/var/www:/usr/sbin/nologin\ncore:x:1000:1000:Core:/var/home/core:/bin/bash\n',
  ),
  groups: parseGroup('root:x:0:\nwww-data:x:33:\ncore:x:1000:\nwheel:x:10:core\n\n'),
}
const plan = (spec: object) => planAccounts(MachineSpec.parse(spec), known)
const idsOf = (spec: object) => plan(spec).users.map(({ user, uid, gid }) => [user.name, uid, gid])

describe('planAccounts', () => {
  it('gives ids that nobody has, rising, beside those that were asked for', () => {
    const users = [{ name: 'ada' }, { name: 'bob', uid: 1002 }, { name: 'cid' }]
    expect(idsOf({ users })).toEqual([
      ['ada', 1001, undefined],
      ['bob', 1002, undefined],
      ['cid', 1003, undefined],
    ])
  })

  it('takes a group of that id, or makes one of the user’s name', () => {
    const users = [
      { name: 'ada', gid: 10 },
      { name: 'bob', gid: 800 },
      { name: 'cid', gid: 801 },
    ]
    const { groups } = plan({ users, groups: [{ name: 'app', gid: 800 }, { name: 'ops' }] })
    expect(groups).toEqual([
      { name: 'app', gid: 800 },
      { name: 'ops', gid: undefined },
      { name: 'cid', gid: 801 },
    ])
  })

  it('leaves users of the image as they are, and takes them for what they are', () => {
    expect(idsOf({ users: [{ name: 'core', uid: 1000, home: '/var/home/core' }] })).toEqual([['core', 1000, 1000]])
    expect(plan({ groups: [{ name: 'wheel', gid: 10 }] }).groups).toEqual([{ name: 'wheel', gid: 10 }])
  })

  it.each([
    [
      'a uid of the image',
      { users: [{ name: 'ada', uid: 33 }] },
      /user ada: uid 33 belongs to user www-data of the im/,
    ],
    [
      'a uid twice',
      {
        users: [
          { name: 'ada', uid: 7 },
          { name: 'bob', uid: 7 },
        ],
      },
      /uid 7 belongs to user bob of the spec/,
    ],
    ['a gid of the image', { groups: [{ name: 'app', gid: 33 }] }, /group app: gid 33 belongs to group www-data/],
    [
      'another gid for a group of the image',
      { groups: [{ name: 'wheel', gid: 11 }] },
      /has a group wheel already, with/,
    ],
    [
      'a gid twice',
      {
        groups: [
          { name: 'a', gid: 8 },
          { name: 'b', gid: 8 },
        ],
      },
      /gid 8 belongs to group a of the spec/,
    ],
    [
      'two ids for a group of a user’s name',
      { users: [{ name: 'ada', gid: 9 }], groups: [{ name: 'ada', gid: 8 }] },
      /spec has a group ada already/,
    ],
    ['to change a user of the image', { users: [{ name: 'core', shell: '/bin/zsh', uid: 1 }] }, /its uid, shell is/],
  ])('refuses %s', (_, spec, message) => {
    expect(() => plan(spec)).toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
    expect(() => plan(spec)).toThrow(message)
  })
})
