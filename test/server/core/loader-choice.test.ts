import { describe, expect, it } from 'vitest'
import { chooseLoader } from '../../../server/core/loader-choice.ts'
import type { LoaderChoice, LoaderHints } from '../../../server/core/loader-choice.ts'

const IPXE = { family: 'ipxe' }
const GRUB = { family: 'grub' }

describe('the loader of a UEFI machine', () => {
  const table: [string, Partial<LoaderHints>, 'auto' | 'ipxe' | 'grub', LoaderChoice | object][] = [
    ['nothing known', {}, 'auto', IPXE],
    ['Secure Boot seen by the agent', { secureBoot: true }, 'auto', GRUB],
    ['Secure Boot seen to be off', { secureBoot: false }, 'auto', IPXE],
    ['iPXE refused', { refusedIpxe: true }, 'auto', GRUB],
    ['iPXE refused, though the agent once saw Secure Boot off', { refusedIpxe: true, secureBoot: false }, 'auto', GRUB],
    ['the site wants GRUB', {}, 'grub', GRUB],
    ['the site wants iPXE, whatever was seen', { refusedIpxe: true, secureBoot: true }, 'ipxe', IPXE],
    ['the machine overrides the site', { wanted: 'ipxe' }, 'grub', IPXE],
    ['the machine wants what is right, of a site that knows', { wanted: 'auto' }, 'grub', GRUB],
    ['a file by name', { wanted: 'ipxe.efi', secureBoot: true }, 'grub', { file: 'ipxe.efi' }],
  ]
  it.each(table)('%s', (_, hints, site, choice) => {
    expect(chooseLoader({ refusedIpxe: false, ...hints }, site)).toEqual(choice)
  })
})
