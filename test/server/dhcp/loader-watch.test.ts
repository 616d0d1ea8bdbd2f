import { describe, expect, it } from 'vitest'
import { createLoaderWatch } from '../../../server/dhcp/loader-watch.ts'

const MAC = '52:54:00:12:34:56'
const ADDRESS = '10.77.0.100'
const FILE = 'snponly.efi'

function promised() {
  const watch = createLoaderWatch()
  watch.promised({ mac: MAC, uuid: '4c4c4544-0043-3510-8052-b4c04f4a4b31', address: ADDRESS, file: FILE })
  return watch
}

describe('a watch over loaders', () => {
  it('tells of a loader that was fetched and not run, once', () => {
    const watch = promised()
    expect(watch.takeRefused(MAC)).toBeUndefined()
    watch.fetched(ADDRESS, FILE)
    expect(watch.takeRefused(MAC)).toBe(FILE)
    expect(watch.takeRefused(MAC)).toBeUndefined()
  })

  it.each([
    ['asked for something else', (watch: ReturnType<typeof promised>) => watch.fetched(ADDRESS, 'autoexec.ipxe')],
    ['spoke as iPXE, or got its script', (watch: ReturnType<typeof promised>) => watch.ran(MAC)],
  ])('takes a loader for sound when its machine %s', (_, happens) => {
    const watch = promised()
    watch.fetched(ADDRESS, FILE)
    happens(watch)
    expect(watch.takeRefused(MAC)).toBeUndefined()
  })

  it('does not mind what others fetch, nor the folder', () => {
    const watch = promised()
    watch.fetched('10.77.0.101', FILE)
    expect(watch.takeRefused(MAC)).toBeUndefined()
    watch.fetched(ADDRESS, `loaders/${FILE}`)
    expect(watch.takeRefused(MAC)).toBe(FILE)
  })

  it('keeps the address that port 4011 was told, when a proxy offers again without one', () => {
    const watch = promised()
    watch.promised({ mac: MAC, file: FILE })
    watch.fetched(ADDRESS, FILE)
    expect(watch.takeRefused(MAC)).toBe(FILE)
  })

  it('goes by the newest machine at an address', () => {
    const watch = promised()
    watch.promised({ mac: '52:54:00:00:00:02', address: ADDRESS, file: FILE })
    watch.fetched(ADDRESS, FILE)
    expect(watch.takeRefused(MAC)).toBeUndefined()
    expect(watch.takeRefused('52:54:00:00:00:02')).toBe(FILE)
  })

  it('knows who boots under a UUID', () => {
    expect(promised().macOf('4c4c4544-0043-3510-8052-b4c04f4a4b31')).toBe(MAC)
    expect(promised().macOf('00000000-0000-0000-0000-000000000000')).toBeUndefined()
  })

  it('forgets those quiet for longest, whatever comes', () => {
    const watch = promised()
    for (let at = 0; at < 10_000; at++) {
      const mac = `02:00:00:00:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`
      watch.promised({ mac, address: `10.${at >> 8}.${at & 255}.1`, file: FILE })
    }
    watch.fetched(ADDRESS, FILE)
    expect(watch.takeRefused(MAC)).toBeUndefined()
    expect(watch.macOf('4c4c4544-0043-3510-8052-b4c04f4a4b31')).toBeUndefined()
  })
})
