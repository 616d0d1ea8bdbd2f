import { describe, expect, it } from 'vitest'
import { setprivArguments } from '../../../server/privileges/become.ts'

const account = { name: 'landfall', uid: 990, gid: 991 }

describe('setprivArguments', () => {
  it('leaves one right', () => {
    expect(setprivArguments({ account, keep: ['CAP_NET_BIND_SERVICE'] }, ['node', '--x'])).toEqual(
      `--reuid 990 --regid 991 --clear-groups --no-new-privs --inh-caps -all,+net_bind_service --ambient-caps
       -all,+net_bind_service --bounding-set -all,+net_bind_service -- node --x`.split(/\s+/),
    )
  })

  it('leaves none', () => {
    const text = setprivArguments({ account, keep: [] }, ['node']).join(' ')
    expect(text).toContain('--inh-caps -all --ambient-caps -all --bounding-set -all -- node')
  })
})
