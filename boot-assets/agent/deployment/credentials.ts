// Credentials of the spec where systemd looks for them: systemd.exec(5), LoadCredential=.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import type { NewFile } from './new-file.ts'

/** Readable by root alone; a unit gets those that it names. */
export function credentialFiles(credentials: MachineSpec['systemdCredentials']): NewFile[] {
  return credentials.map(({ name, value }) => ({ path: `etc/credstore/${name}`, text: value, mode: 0o600 }))
}
