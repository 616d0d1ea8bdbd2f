// Pictures of consoles, from controllers on real sockets that answer as their documents say, or otherwise.
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mayBeController } from '../../../server/bmc/addresses.ts'
import { BmcError } from '../../../server/bmc/errors.ts'
import { MAX_PICTURE_BYTES, Screenshots } from '../../../server/bmc/screenshots.ts'
import type { BmcAccess } from '../../../server/core/bmc.ts'
import { testClock } from '../../helpers/clock.ts'
import { IDENTITY, LOGIN, PNG, refusal, startController, system } from '../../helpers/controller.ts'
import type { Controller, ControllerOptions } from '../../helpers/controller.ts'

const NEVER = 60_000
const DELL_ACTION = 'POST /redfish/v1/Managers/1/Oem/Dell/DellLCService/Actions/DellLCService.ExportServerScreenShot'
const LOGIN_CALL = 'POST /redfish/v1/SessionService/Sessions'
const JPEG = Buffer.from('ffd8ffe000104a46494600', 'hex')
/** A file header of 14 bytes, and the length of what follows. */
const BMP = Buffer.concat([Buffer.from('BM'), Buffer.alloc(12), Buffer.from([40, 0, 0, 0]), Buffer.alloc(36)])

async function controller(options: ControllerOptions = {}): Promise<Controller> {
  const made = await startController(options)
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

function camera(patienceMs = NEVER): Screenshots {
  return new Screenshots({ clock: testClock(), isAllowed: () => true, patienceMs })
}

const machine = (bmc: BmcAccess | null, identity = IDENTITY) => ({ name: 'r01-01', bmc, ...identity })

/** What comes of asking a controller. */
async function outcome(options: ControllerOptions, change: Partial<BmcAccess> = {}, patienceMs = NEVER) {
  const bmc = await controller(options)
  return camera(patienceMs)
    .take(machine({ ...bmc.access, ...change }))
    .then(
      ({ type }) => type as string,
      (error: Error & { code?: string; hint?: string }) => error,
    )
}

describe('a picture', () => {
  it.each(['dell', 'fujitsu', 'supermicro'] as const)(
    'comes from a controller of %s, which is logged out of',
    async (vendor) => {
      const bmc = await controller({ vendor })
      const { bytes, type, takenAt } = await camera().take(machine(bmc.access))
      expect({ type, same: bytes.equals(PNG), takenAt }).toEqual({
        type: 'image/png',
        same: true,
        takenAt: testClock().now(),
      })
      expect(bmc.sessions.size).toBe(0)
      expect(bmc.asked.filter((what) => what === LOGIN_CALL)).toHaveLength(1)
    },
  )

  it.each([
    ['image/jpeg', JPEG],
    ['image/bmp', BMP],
  ])('may be %s', async (type, bytes) => {
    expect(await outcome({ picture: () => bytes })).toBe(type)
  })

  it.each([
    ['text', Buffer.from('<svg onload="alert(1)"/>')],
    ['nothing', Buffer.alloc(0)],
    ['what only begins as BMP does', Buffer.concat([Buffer.from('BM'), Buffer.alloc(60, 0x20)])],
    ['one that is too large', Buffer.concat([PNG, Buffer.alloc(MAX_PICTURE_BYTES)])],
    ['more than is read', Buffer.concat([PNG, Buffer.alloc(2 * MAX_PICTURE_BYTES)])],
  ])('is not %s', async (_, bytes) => {
    expect(await outcome({ picture: () => bytes })).toMatchObject({ code: 'BMC_INVALID' })
  })

  it('is taken once for all who want it at the same time', async () => {
    const gate = Promise.withResolvers<void>()
    let taken = 0
    const bmc = await controller({
      picture: async () => {
        taken++
        await gate.promise
        return PNG
      },
    })
    const screenshots = camera()
    const both = [screenshots.take(machine(bmc.access)), screenshots.take(machine(bmc.access))]
    // Another login at the same controller is another matter.
    await expect(screenshots.take(machine({ ...bmc.access, user: 'other' }))).rejects.toThrowWithCode(
      BmcError,
      'BMC_BUSY',
    )
    gate.resolve()
    const [first, second] = await Promise.all(both)
    expect(first).toBe(second)
    expect(taken).toBe(1)
    await screenshots.take(machine(bmc.access))
    expect(taken).toBe(2)
  })
})

describe('the certificate', () => {
  it('is trusted by its fingerprint alone, and nothing is told to one that is not', async () => {
    const bmc = await controller()
    const { certificate: _, ...unknown } = bmc.access
    const screenshots = camera()
    const shown = { certificate: bmc.fingerprint }
    await expect(screenshots.take(machine(unknown))).rejects.toMatchObject({
      code: 'BMC_CERTIFICATE_UNKNOWN',
      ...shown,
    })
    const changed = { ...bmc.access, certificate: 'ab'.repeat(32) }
    await expect(screenshots.take(machine(changed))).rejects.toMatchObject({
      code: 'BMC_CERTIFICATE_CHANGED',
      ...shown,
    })
    expect(bmc.asked).toEqual([])
  })

  it('needs no fingerprint where a CA that this host knows has signed it', async () => {
    const bmc = await controller()
    const before = getCACertificates('default')
    onTestFinished(() => setDefaultCACertificates(before))
    setDefaultCACertificates([...before, bmc.ca])
    const { certificate: _, ...known } = bmc.access
    expect(await camera().take(machine(known))).toMatchObject({ type: 'image/png' })
    // It is for the name that was asked for, and no other.
    const url = known.url.replace('127.0.0.1', 'localhost')
    await expect(camera().take(machine({ ...known, url }))).rejects.toThrowWithCode(BmcError, 'BMC_CERTIFICATE_UNKNOWN')
  })
})

describe('the address', () => {
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '::ffff:127.0.0.1',
    '169.254.169.254',
    'fe80::1',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
  ])('is not %s', (address) => {
    expect(mayBeController(address)).toBe(false)
  })

  it.each(['10.0.0.120', '192.168.0.120', '172.16.1.1', '100.64.0.1', 'fd00::1', '2001:db8::1'])(
    'may be %s',
    (address) => {
      expect(mayBeController(address)).toBe(true)
    },
  )

  it.each(['localhost', '127.0.0.1', '0x7f000001', '[::1]'])('is checked as what https://%s leads to', async (host) => {
    const bmc = await controller()
    const url = `https://${host}:${new URL(bmc.url).port}`
    const screenshots = new Screenshots({ clock: testClock() })
    await expect(screenshots.take(machine({ ...bmc.access, url: new URL(url).origin }))).rejects.toThrowWithCode(
      BmcError,
      'BMC_ADDRESS_REFUSED',
    )
    expect(bmc.asked).toEqual([])
  })

  it('leads nowhere else by a redirect', async () => {
    const other = await controller()
    const instead = { 'GET /redfish/v1/': () => ({ status: 307, headers: { location: `${other.url}/redfish/v1/` } }) }
    expect(await outcome({ instead })).toMatchObject({ code: 'BMC_INVALID' })
    expect(other.asked).toEqual([])
  })

  it.each(['https://other.example/redfish/v1/Systems', '//other.example/redfish/v1/Systems', 'redfish', ''])(
    'leads nowhere else by the link "%s"',
    async (link) => {
      const instead = { 'GET /redfish/v1/': () => ({ body: { Systems: { '@odata.id': link } } }) }
      expect(await outcome({ instead })).toMatchObject({ code: 'BMC_INVALID' })
    },
  )
})

describe('no picture', () => {
  it('without a controller', async () => {
    await expect(camera().take(machine(null))).rejects.toThrowWithCode(BmcError, 'BMC_NOT_SET')
  })

  it('from one that has no operation for it, which leads to its own page', async () => {
    const bmc = await controller({ vendor: 'other' })
    await expect(camera().take(machine(bmc.access))).rejects.toMatchObject({
      code: 'BMC_NO_PICTURE',
      message: expect.stringContaining('offers none of DellLCService.ExportServerScreenShot (Dell)') as string,
      hint: `see the console on its own page: ${bmc.url}`,
    })
    expect(bmc.sessions.size).toBe(0)
  })

  it('with a wrong password, which is said without it', async () => {
    const error = await outcome({}, { password: 'wrong' })
    expect(error).toMatchObject({
      code: 'BMC_LOGIN_REFUSED',
      message: expect.stringContaining('The credentials') as string,
    })
  })

  it('for an account that may not see the console, in the words of the controller', async () => {
    const instead = { [DELL_ACTION]: () => refusal(403, 'LC081: \u001b[31mno\nprivilege') }
    const error = await outcome({ instead })
    expect(error).toMatchObject({
      code: 'BMC_NOT_ALLOWED',
      message: expect.stringMatching(/does not let landfall do this: LC081: \[31mno privilege$/) as string,
    })
  })

  it('never tells the password, though the controller does', async () => {
    const echo = () => refusal(500, `user ${LOGIN.user} with ${LOGIN.password} did it`)
    for (const call of [LOGIN_CALL, DELL_ACTION]) {
      const error = (await outcome({ instead: { [call]: echo } })) as Error
      expect(error.message).toContain('with *** did it')
    }
  })

  it('of a machine that is switched off', async () => {
    expect(await outcome({ isOff: () => true })).toMatchObject({ code: 'BMC_POWERED_OFF' })
  })

  it('of another computer of the same controller', async () => {
    const members = ['1', '2'].map((id) => ({ '@odata.id': `/redfish/v1/Systems/${id}` }))
    const bmc = await controller({
      instead: {
        'GET /redfish/v1/Systems': () => ({ body: { Members: members } }),
        'GET /redfish/v1/Systems/2': () => ({ body: system({ UUID: 'x', SerialNumber: 'y' }) }),
      },
    })
    expect(await camera().take(machine(bmc.access))).toMatchObject({ type: 'image/png' })
    const stranger = { uuid: '00000000-0000-4000-8000-000000000000', serial: 'ZZZ' }
    await expect(camera().take(machine(bmc.access, stranger))).rejects.toThrowWithCode(BmcError, 'BMC_OTHER_MACHINE')
  })

  it.each([
    ['a page', { body: Buffer.from('<!doctype html><title>Log in</title>') }],
    ['a list', { body: [1, 2, 3] }],
    ['null', { body: null }],
    ['members that are none', { body: { Members: ['x', null, {}, { '@odata.id': 7 }] } }],
    ['nothing', {}],
  ])('from what answers with %s where computers should be', async (_, reply) => {
    const instead = { 'GET /redfish/v1/Systems': () => reply }
    expect(await outcome({ instead })).toMatchObject({ code: 'BMC_INVALID' })
  })

  it('from a server without Redfish', async () => {
    expect(await outcome({ instead: { 'GET /redfish/v1/': () => ({ status: 404 }) } })).toMatchObject({
      code: 'BMC_INVALID',
    })
  })

  it('from one that opens no session', async () => {
    expect(await outcome({ instead: { [LOGIN_CALL]: () => ({ status: 201 }) } })).toMatchObject({ code: 'BMC_INVALID' })
    const full = () => refusal(503, 'too many sessions')
    expect(await outcome({ instead: { [LOGIN_CALL]: full } })).toMatchObject({ code: 'BMC_INVALID' })
  })

  it('from one that never answers', async () => {
    const instead = { 'GET /redfish/v1/Systems/1': () => new Promise<never>(() => {}) }
    expect(await outcome({ instead }, {}, 500)).toMatchObject({
      code: 'BMC_UNREACHABLE',
      message: expect.stringContaining('no answer in time') as string,
    })
  })

  it('from one that never has its picture ready', async () => {
    const action = { target: '/redfish/v1/Systems/1/Actions/Oem/FTSComputerSystem.Screenshot' }
    const instead = { 'GET /redfish/v1/Systems/1': () => ({ body: system({ Actions: { Oem: { x: action } } }) }) }
    expect(await outcome({ vendor: 'fujitsu', instead }, {}, 500)).toMatchObject({ code: 'BMC_INVALID' })
  })

  it('from a port where nobody is', async () => {
    const bmc = await controller()
    await bmc[Symbol.asyncDispose]()
    await expect(camera().take(machine(bmc.access))).rejects.toThrowWithCode(BmcError, 'BMC_UNREACHABLE')
  })
})
