// GRUB's configuration on the target: a stub on the ESP finds /boot, the menu there comes from the BLS entries.

/** `grub.cfg` on the ESP: finds the file system with /boot by UUID and goes on with its own configuration. */
export function stubConfig(bootUuid: string, folder: string): string {
  return `search --no-floppy --fs-uuid --set=root ${bootUuid}
set prefix=($root)/${folder}
configfile $prefix/grub.cfg
`
}

/**
 * `grub.cfg` in /boot: reads /boot/loader/entries at every start, so that deployments need no new configuration.
 *
 * Under Secure Boot GRUB loads no module from disk, and a signed one without `blscfg` reads the entries as the scripts they look like: `linux`
 * and `initrd` are commands, the other keys functions. That starts the kernel without arguments, so both are loaded again from the folder that
 * `ostree=` names. Such a GRUB needs what `readsEntries` looks for.
 */
export function menuConfig(bootUuid: string, consoles: readonly string[]): string {
  const serial = consoles.map(parseSerial).find((line) => line !== undefined)
  return `# Written by Landfall at installation. The menu is /boot/loader/entries, kept by ostree.
set timeout=3
set default=0
search --no-floppy --fs-uuid --set=root ${bootUuid}
${serial === undefined ? '' : serialSetup(serial)}
function title {
  set bls_title="$*"
}
function version {
  set bls_version="$*"
}
function options {
  set bls_options="$*"
}
function start_entry {
  source "$1"
  regexp --set=1:bls_stateroot --set=2:bls_sum "ostree=/ostree/boot\\.[01]/([^/ ]+)/([0-9a-f]+)/" "$bls_options"
  for bls_file in /ostree/$bls_stateroot-$bls_sum/vmlinuz-*; do
    linux $bls_file $bls_options
  done
  for bls_file in /ostree/$bls_stateroot-$bls_sum/initramfs-*; do
    initrd $bls_file
  done
}

if [ "$lockdown" = y ]; then
  for bls_number in 9 8 7 6 5 4 3 2 1; do
    for bls_entry in /loader/entries/ostree-$bls_number.conf /loader/entries/ostree-$bls_number-*.conf; do
      if [ -f "$bls_entry" ]; then
        menuentry "Deployment $bls_number" "$bls_entry" {
          start_entry "$2"
        }
      fi
    done
  done
else
  insmod part_gpt
  insmod ext2
  insmod gzio
  insmod blsuki
  blscfg
fi
`
}

/** Whether a signed GRUB starts entries under Secure Boot: by `blscfg`, or by the script of `menuConfig`. */
export function readsEntries(grub: Buffer): boolean {
  return grub.includes('blscfg') || grub.includes('regexp')
}

/** Firmware of UEFI machines shows its console on the serial line by itself; a PC BIOS does not. */
function serialSetup({ unit, speed }: { unit: number; speed: number }): string {
  return `if [ "$grub_platform" = pc ]; then
  if serial --unit=${unit} --speed=${speed}; then
    terminal_input console serial
    terminal_output console serial
  fi
fi
`
}

/** `ttyS0,115200n8`; other consoles have no counterpart in GRUB. */
function parseSerial(console: string): { unit: number; speed: number } | undefined {
  const match = /^ttyS(\d+)(?:,(\d+))?/.exec(console)
  return match === null ? undefined : { unit: Number(match[1]), speed: Number(match[2] ?? 9600) }
}
