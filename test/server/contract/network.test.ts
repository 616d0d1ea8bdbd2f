import { expect, it } from 'vitest'
import { ChangeNetwork } from '../../../server/contract/network.ts'

it.each([{ pool: ['10.0.0.2'] }, { router: '10.0.0.1' }, { router: null }])(
  'refuses %o where another DHCP server gives addresses',
  (told) => {
    const change = { interface: 'eth0', ...told }
    expect(ChangeNetwork.safeParse({ ...change, mode: 'auto' }).success).toBe(true)
    expect(ChangeNetwork.safeParse({ ...change, mode: 'proxy' }).error?.issues).toMatchObject([
      { path: ['mode'], message: expect.stringContaining('leave out pool and router') },
    ])
  },
)
