// The machine's own idea of its name: SMBIOS strings as the kernel shows them below /sys/class/dmi/id.
import type { Facts } from '../../../server/contract/facts.ts'

/** Fact and the file that holds it. */
export const SMBIOS_FILES = {
  uuid: 'product_uuid',
  vendor: 'sys_vendor',
  product: 'product_name',
  serial: 'product_serial',
  sku: 'product_sku',
  assetTag: 'chassis_asset_tag',
  boardSerial: 'board_serial',
  biosVersion: 'bios_version',
} as const

/** What manufacturers leave in place of a value; it identifies nothing. */
const PLACEHOLDER =
  /^(none|n\/?a|not (specified|available|applicable)|unknown|default string|to be filled by o\.?e\.?m\.?|system (serial number|product name|manufacturer|sku)|0+|[-.x ]+)$/i

/** Turns file contents, by fact, into facts; placeholders and absent files are left out. The UUID is in lower case. */
export function parseSmbios(texts: Partial<Record<keyof typeof SMBIOS_FILES, string | undefined>>): Facts['smbios'] {
  const smbios: Facts['smbios'] = {}
  for (const name of Object.keys(SMBIOS_FILES) as (keyof typeof SMBIOS_FILES)[]) {
    const text = texts[name]?.trim()
    if (text === undefined || text === '' || PLACEHOLDER.test(text)) continue
    smbios[name] = name === 'uuid' ? text.toLowerCase() : text
  }
  return smbios
}
