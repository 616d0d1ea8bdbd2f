import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { ScriptClient } from '../../../../server/http/boot/client.ts'
import { memoryAssets } from '../../../../server/http/assets.ts'
import { createLogger } from '../../../../server/observe/logger.ts'
import { CoreError } from '../../../../server/core/errors.ts'
import { createMetrics } from '../../../../server/observe/metrics.ts'
import { KERNEL, testBootApp } from './support.ts'

const app = testBootApp()
const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers })
const head = (path: string, headers: Record<string, string> = {}) => app.request(path, { method: 'HEAD', headers })
/** `unit: 'binary'` would do, but takes seconds to begin. */
const anyCharacter = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
const MACHINE = '/boot/ipxe?mac=52-54-00-12-34-56&platform=efi&arch=x86_64'

describe('/boot/ipxe', () => {
  it('tells the machine what was decided, with URLs of the address it asked', async () => {
    const seen: ScriptClient[] = []
    const asking = testBootApp({
      decide: (client) => {
        seen.push(client)
        return {
          decision: 'install',
          machine: 'web-07',
          reason: 'because',
          token: 'lfi_xyz',
          consoles: ['ttyS0,115200'],
        }
      },
    })
    const response = await asking.request(`${MACHINE}&uuid=4C4C4544-0042-3510-8054-B7C04F4D3358&serial=X%201`, {
      headers: { host: '198.51.100.7:8080' },
    })
    const script = await response.text()
    expect(script).toMatch(/^#!ipxe\n/)
    expect(script).toContain('echo This machine: web-07')
    expect(script).toContain(
      'http://198.51.100.7:8080/boot/installer/vmlinuz initrd=initrd.img landfall.url=https://198.51.100.7:8443',
    )
    expect(script).toContain(
      ` landfall.ca=${'ab'.repeat(32)} landfall.token=lfi_xyz console=ttyS0,115200 BOOTIF=01-\${netX/mac:hexhyp} ||`,
    )
    expect(seen).toEqual([
      {
        mac: '52:54:00:12:34:56',
        uuid: '4c4c4544-0042-3510-8054-b7c04f4d3358',
        serial: 'X 1',
        architecture: 'amd64',
        firmware: 'uefi',
      },
    ])
  })

  it.each(['local', 'ignore'] as const)('sends a machine to its disk: %s', async (decision) => {
    const told = testBootApp({ decide: () => ({ decision, machine: 'web-07', reason: 'because' }) })
    const script = await (await told.request(MACHINE)).text()
    expect(script).toContain('exit 1')
    expect(script).not.toContain('vmlinuz')
  })

  it('asks a machine that does not name itself to do so, once', async () => {
    expect(await (await get('/boot/ipxe')).text()).toContain('chain --replace --autofree')
    const second = await (await get('/boot/ipxe?identified=1&mac=&uuid=&serial=')).text()
    expect(second).toContain('tells neither MAC address')
    expect(second).not.toContain('chain')
  })

  it('does not take a strange Host header into the script', async () => {
    for (const host of ['evil`$(x)`', 'a b', 'x/../y', '${netX/ip}', '[::1', 'a'.repeat(400)]) {
      expect(await (await get(MACHINE, { host })).text(), host).toContain('landfall.url=https://192.0.2.1:8443')
    }
    expect(await (await get(MACHINE, { host: '[fd00::1]:8080' })).text()).toContain('https://[fd00::1]:8443')
  })

  it('statement 76: tells trouble to the machine in its own language, and comes to an end', async () => {
    const full = testBootApp({
      decide: () => {
        throw new CoreError('STORE_FULL', 'the disk that holds the database is full')
      },
    })
    const first = await full.request(MACHINE)
    expect(first.status).toBe(200)
    const script = await first.text()
    expect(script).toContain('cannot say what to boot: the disk that holds the database is full')
    expect(script).toContain('&attempt=1&')
    const last = await (await full.request(`${MACHINE}&attempt=20`)).text()
    expect(last).not.toContain('chain')
    expect(last).toContain('Booting the local disk')
  })

  it('has a script even when templates are broken', async () => {
    const render = () => {
      throw new Error('broken')
    }
    const broken = testBootApp({ templates: { names: [], render } })
    for (const path of [MACHINE, '/boot/ipxe', '/boot/autoexec.ipxe']) {
      const response = await broken.request(path)
      expect([response.status, (await response.text()).split('\n')[0]]).toEqual([200, '#!ipxe'])
    }
  })

  it('statement 76: answers 200 and a script whatever the query', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom('mac', 'uuid', 'serial', 'arch', 'platform', 'attempt', 'identified', '__proto__'),
          fc.string({ unit: anyCharacter }),
        ),
        fc.string(),
        async (fields, junk) => {
          const query = new URLSearchParams(Object.entries(fields)).toString()
          for (const url of [`/boot/ipxe?${query}`, `/boot/ipxe?${encodeURI(junk).replace('#', '')}`]) {
            const response = await app.request(url)
            expect(response.status).toBe(200)
            expect(await response.text()).toMatch(/^#!ipxe\n/)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('counts decisions', async () => {
    const metrics = createMetrics()
    await testBootApp({ metrics }).request(MACHINE)
    expect(await metrics.text()).toContain('landfall_boot_scripts_total{decision="discover"} 1')
  })
})

describe('/boot files', () => {
  it.each([
    MACHINE,
    '/boot/autoexec.ipxe',
    '/boot/loaders/autoexec.ipxe',
    '/autoexec.ipxe',
    '/boot/loaders/snponly.efi',
    '/boot/installer/vmlinuz',
    '/boot/installer/empty',
    '/boot/nothing',
    '/',
    '/livez',
    '/readyz',
    '/api/v1/x',
  ])('statement 52, 53: HEAD equals GET in status and headers, with a Content-Length: %s', async (path) => {
    const [got, headed] = await Promise.all([get(path), head(path)])
    const headers = (response: Response) =>
      Object.fromEntries([...response.headers].filter(([name]) => name !== 'x-request-id'))
    expect([headed.status, headers(headed)]).toEqual([got.status, headers(got)])
    expect(got.headers.get('content-length')).toBe(String((await got.arrayBuffer()).byteLength))
    expect(await headed.text()).toBe('')
  })

  it('statement 54: calls an EFI program exactly application/efi', async () => {
    expect((await get('/boot/loaders/snponly.efi')).headers.get('content-type')).toBe('application/efi')
  })

  it('statement 47: has autoexec.ipxe in the root and beside each loader', async () => {
    for (const folder of ['', '/boot', '/boot/loaders']) {
      expect(await (await get(`${folder}/autoexec.ipxe`)).text(), folder).toMatch(/^#!ipxe\n/)
    }
  })

  it('tells of loaders that went out whole, and of the script they ask for next', async () => {
    const seen: string[] = []
    const told = testBootApp({ onFetched: (address, path) => seen.push(`${address} ${path}`) })
    const incoming = { socket: { remoteAddress: '::ffff:192.0.2.50' } }
    for (const path of ['/boot/loaders/snponly.efi', '/boot/loaders/gone.efi', '/boot/loaders/autoexec.ipxe']) {
      await told.request(path, {}, { incoming })
    }
    await told.request('/boot/loaders/snponly.efi', { method: 'HEAD' }, { incoming })
    await told.request('/boot/loaders/snponly.efi', { headers: { range: 'bytes=0-1' } }, { incoming })
    expect(seen).toEqual(['192.0.2.50 /boot/loaders/snponly.efi', '192.0.2.50 /boot/loaders/autoexec.ipxe'])
  })

  it('has what shim asks for with a slash too many', async () => {
    const [one, two] = [await get('/boot/loaders/snponly.efi'), await get('/boot/loaders//snponly.efi')]
    expect([two.status, await two.text()]).toEqual([200, await one.text()])
  })

  it('statement 55: sends ranges with 206, Content-Range and ETag', async () => {
    const whole = await get('/boot/installer/vmlinuz')
    const etag = whole.headers.get('etag')!
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(KERNEL)
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 0],
      ['bytes=10-19', 10, 19],
      ['bytes=990-', 990, 999],
      ['bytes=-5', 995, 999],
      ['bytes=500-9999', 500, 999],
    ] as const) {
      const response = await get('/boot/installer/vmlinuz', { range, 'if-match': etag })
      expect(response.status, range).toBe(206)
      expect(response.headers.get('content-range')).toBe(`bytes ${from}-${to}/1000`)
      expect(response.headers.get('content-length')).toBe(String(to - from + 1))
      expect(response.headers.get('etag')).toBe(etag)
      expect(Buffer.from(await response.arrayBuffer())).toEqual(KERNEL.subarray(from, to + 1))
    }
  })

  it('refuses what cannot be satisfied and ignores what makes no sense', async () => {
    const beyond = await get('/boot/installer/vmlinuz', { range: 'bytes=1000-' })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */1000'])
    for (const range of ['bytes=5-2', 'lines=1-2', 'bytes=x', 'bytes=0-1,5-6']) {
      expect((await get('/boot/installer/vmlinuz', { range })).status, range).toBe(200)
    }
  })

  it('statement 55: fails If-Match with 412, and knows the other preconditions', async () => {
    const { headers } = await head('/boot/installer/vmlinuz')
    const etag = headers.get('etag')!
    const modified = headers.get('last-modified')!
    const status = async (conditions: Record<string, string>) =>
      (await get('/boot/installer/vmlinuz', conditions)).status
    expect(await status({ 'if-match': '"other"', range: 'bytes=0-9' })).toBe(412)
    expect(await status({ 'if-match': `"other", ${etag}` })).toBe(200)
    expect(await status({ 'if-match': '*' })).toBe(200)
    expect(await status({ 'if-unmodified-since': modified })).toBe(200)
    expect(await status({ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).toBe(412)
    expect(await status({ 'if-unmodified-since': 'nonsense' })).toBe(200)
    expect(await status({ 'if-none-match': etag })).toBe(304)
    expect(await status({ 'if-range': etag, range: 'bytes=0-9' })).toBe(206)
    expect(await status({ 'if-range': '"other"', range: 'bytes=0-9' })).toBe(200)
  })

  it.each([
    'revocations_sku.efi',
    'shim_certificate_0.efi',
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '__proto__',
    'constructor',
    '',
  ])('statement 57: has no %j, 404', async (name) => expect((await get(`/boot/${name}`)).status).toBe(404))
})

describe('/i/<token>/ks', () => {
  it('is the kickstart, for the machine that its headers describe, with an exact length', async () => {
    const asked: unknown[] = []
    const app = testBootApp({
      async kickstart(token, client) {
        asked.push([token, client])
        return 'text\n'
      },
    })
    const headers = {
      'X-RHN-Provisioning-MAC-0': 'eno1 52:54:00:12:34:56',
      'X-RHN-Provisioning-MAC-1': 'nonsense',
      'x-rhn-provisioning-mac-2': 'eno2 52-54-00-12-34-57',
      'X-System-Serial-Number': ' R1-0001 ',
    }
    const response = await app.request('/i/lfi_abc/ks', { headers })
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('content-length')).toBe('5')
    expect(await response.text()).toBe('text\n')
    expect(asked).toEqual([
      [
        'lfi_abc',
        {
          macs: ['52:54:00:12:34:56', '52:54:00:12:34:57'],
          serial: 'R1-0001',
          address: undefined,
          httpsUrl: 'https://192.0.2.1:8443',
        },
      ],
    ])
  })

  it.each([
    ['TOKEN_INVALID', 404],
    ['INSTALL_OVER', 410],
    ['MACHINE_MISMATCH', 403],
    ['KICKSTART_INVALID', 500],
    ['STORE_FULL', 500],
  ] as const)('is no kickstart at all for %s (statements 4 and 33)', async (code, status) => {
    const app = testBootApp({
      async kickstart() {
        throw new CoreError(code, 'why\nreboot')
      },
    })
    const response = await app.request('/i/lfi_abc/ks')
    expect(response.status).toBe(status)
    expect(await response.text()).toBe('# why reboot\n')
  })
})

describe('configurations of GRUB', () => {
  const asked: string[] = []
  const grub = testBootApp({
    media: memoryAssets({ 'fedora-43/EFI/BOOT/grub.cfg': 'its own' }),
    grub(path, { server, by }) {
      if (!path.endsWith('grub.cfg')) return undefined
      asked.push(path)
      return `${path} ${server.http} ${by} ${asked.length}\n`
    },
  })

  it.each([
    '/grub/grub.cfg',
    '/grub/x86_64-efi/grub.cfg',
    '/boot/loaders/grub/grub.cfg',
    '/boot/media/fedora-43/grub.cfg',
    '/debian-installer/amd64/grub/grub.cfg',
    '/grub/machine/x86_64/52:54:00:12:34:56/grub.cfg',
  ])('%s: an exact length, for HEAD as for the GET behind it (statements 52, 53, 79)', async (path) => {
    const before = asked.length
    const headed = await grub.request(path, { method: 'HEAD', headers: { host: '198.51.100.7:8080' } })
    const got = await grub.request(path, { headers: { host: '198.51.100.7:8080' } })
    const text = await got.text()
    expect(text).toBe(`${path} http://198.51.100.7:8080 http ${before + 1}\n`)
    for (const { status, headers } of [headed, got]) {
      expect([status, headers.get('content-length')]).toEqual([200, String(text.length)])
    }
    expect(asked).toHaveLength(before + 1)
  })

  it('leave the files of media as they are', async () => {
    expect(await (await grub.request('/media/fedora-43/EFI/BOOT/grub.cfg')).text()).toBe('its own')
  })
})

describe('boot media', () => {
  const told: string[] = []
  const media = testBootApp({
    media: memoryAssets({ 'fedora-43/images/install.img': KERNEL, 'fedora-43/EFI/BOOT/BOOTX64.EFI': 'MZ' }),
    logger: createLogger({ destination: { write: (line) => void told.push(line) } }),
  })

  it('are served with length, ranges and HEAD, for ever the same', async () => {
    const whole = await media.request('/media/fedora-43/images/install.img')
    expect([...whole.headers].filter(([name]) => /^(content|accept|cache)/.test(name))).toEqual([
      ['accept-ranges', 'bytes'],
      ['cache-control', 'public, max-age=31536000, immutable'],
      ['content-length', '1000'],
      ['content-type', 'application/octet-stream'],
    ])
    const loader = await media.request('/media/fedora-43/EFI/BOOT/BOOTX64.EFI')
    expect(loader.headers.get('content-type')).toBe('application/efi')
    const part = await media.request('/media/fedora-43/images/install.img', { headers: { range: 'bytes=10-19' } })
    expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, KERNEL.subarray(10, 20)])
    const headed = await media.request('/media/fedora-43/images/install.img', { method: 'HEAD' })
    expect([headed.status, headed.headers.get('content-length'), await headed.text()]).toEqual([200, '1000', ''])
  })

  it('are not there under other names, which is no news for the files Anaconda asks every tree for', async () => {
    told.length = 0
    for (const path of ['images/updates.img', 'images/product.img']) {
      expect((await media.request(`/media/fedora-43/${path}`)).status).toBe(404)
      expect((await media.request(`/media/fedora-43/${path}`, { method: 'HEAD' })).status).toBe(404)
    }
    expect(told).toEqual([])
    for (const path of [
      '',
      'fedora-43',
      'fedora-43/',
      'fedora-43/images/',
      'fedora-44/images/install.img',
      '..%2fboot%2fca.pem',
    ]) {
      expect((await media.request(`/media/${path}`)).status, path).toBe(404)
    }
    expect(told).toHaveLength(6)
  })
})

describe('the rest of the plain port', () => {
  it('points to the HTTPS side', async () => {
    expect(await (await get('/', { host: '192.0.2.9:8080' })).text()).toContain('href="https://192.0.2.9:8443/"')
    const lost = await get('/api/v1/machines')
    expect([lost.status, await lost.text()]).toEqual([
      404,
      'nothing here: web page and API are at https://192.0.2.1:8443/\n',
    ])
  })

  it('takes no writes', async () => {
    const response = await app.request('/boot/ipxe', { method: 'POST' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('says whether it is ready, and why not', async () => {
    const unready = testBootApp({ readiness: () => ['database: disk full', 'no installer'] })
    const response = await unready.request('/readyz')
    expect([response.status, await response.text()]).toEqual([503, 'database: disk full\nno installer\n'])
    expect((await unready.request('/livez')).status).toBe(200)
    expect((await get('/readyz')).status).toBe(200)
  })

  it('gives every answer a request id', async () => {
    expect((await get('/')).headers.get('x-request-id')).toMatch(/^[\w-]{10,}$/)
    expect((await get('/', { 'x-request-id': 'mine-1' })).headers.get('x-request-id')).toBe('mine-1')
  })
})
