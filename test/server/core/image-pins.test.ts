import { expect, it } from 'vitest'
import { ImagePins } from '../../../server/core/image-pins.ts'
import { testCore } from '../../helpers/store-fakes.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`

it('says of each digest who needs it: machines, profiles, and followed tags with the way back', () => {
  const { inventory, profiles, store } = testCore()
  const add = (name: string, octet: string, spec: object) =>
    inventory.create({ name, macs: [`52:54:00:00:00:${octet}`], spec }, 'test')
  const tagged: Record<string, string> = { 'os/web:stable': digest('a'), 'os/db': digest('b'), 'hub/os:1': digest('c') }
  add('wants', '01', { image: 'os/web:stable' })
  const runs = add('runs', '02', { image: `os/web@${digest('d')}` })
  store.machines.update(runs.id, { runningDigest: digest('e') })
  profiles.create({ name: 'databases', selector: { role: 'db' }, priority: 0, spec: { image: 'os/db' } }, 'test')
  const track = { repository: 'hub/os', tag: '1', request: { reference: 'registry.example/os:1' }, every: '6h' }
  store.tracks.put({ ...track, checkedAt: null, nextAt: '2026-01-31T12:00:00.000Z', problem: null })
  for (const letter of ['f', '0', 'c']) {
    store.tracks.append('hub/os', '1', { digest: digest(letter), at: '', outcome: 'taken', message: '' })
  }
  const pins = new ImagePins({ ...store, digestOf: (name) => tagged[name] ?? name.split('@')[1] })
  expect(Object.fromEntries(pins.needed())).toEqual({
    [digest('a')]: 'machine wants shall run it',
    [digest('b')]: 'profile databases names it',
    [digest('c')]: 'hub/os:1 is followed',
    [digest('d')]: 'machine runs shall run it',
    [digest('e')]: 'machine runs runs it',
    [digest('0')]: 'hub/os:1 was it before',
  })
  expect(pins.followedBefore()).toEqual(new Set(['f', '0', 'c'].map((letter) => `hub/os@${digest(letter)}`)))
})
