// What Anaconda's requests say of the machine they come from (kickstart-and-iso.md section 3.3).
import { Mac } from '../../contract/common.ts'

const MAX_INTERFACES = 256
const MAX_SERIAL = 128

/**
 * MAC addresses of `inst.ks.sendmac`, one header per interface with an index from 0 (`X-RHN-Provisioning-MAC-0: eno1 52:54:...`), and the
 * serial number of `inst.ks.sendsn`. What is malformed is left out.
 */
export function anacondaClient(header: (name: string) => string | undefined): {
  macs: string[]
  serial: string | undefined
} {
  const macs: string[] = []
  for (let index = 0; index < MAX_INTERFACES; index++) {
    const value = header(`X-RHN-Provisioning-MAC-${index}`)
    // Interfaces without an address leave gaps in some releases, but never large ones.
    if (value === undefined && index > macs.length + 8) break
    const mac = Mac.safeParse(value?.trim().split(/\s+/).at(-1))
    if (mac.success) macs.push(mac.data)
  }
  const serial = header('X-System-Serial-Number')?.trim()
  return { macs, serial: serial && serial.length <= MAX_SERIAL ? serial : undefined }
}
