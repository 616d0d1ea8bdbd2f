// Firmware state: Secure Boot and TPM.

/** Variable SecureBoot of the EFI global namespace (UEFI 2.10, section 3.3), as efivarfs shows it. */
export const SECURE_BOOT_FILE = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'

/** efivarfs puts four bytes of attributes before the value; a value of one means that signatures are enforced. */
export function parseSecureBoot(variable: Uint8Array | undefined): boolean {
  return variable?.length === 5 && variable[4] === 1
}

/** From `tpm_version_major` of the kernel's first TPM; undefined without one. */
export function parseTpm(versionMajor: string | undefined): '1.2' | '2.0' | undefined {
  return versionMajor === '2' ? '2.0' : versionMajor === '1' ? '1.2' : undefined
}
