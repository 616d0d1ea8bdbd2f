// GRUB's configuration on the target: a stub on the ESP finds /boot, the menu there comes from the BLS entries.

/** `grub.cfg` on the ESP: finds the file system with /boot by UUID and goes on with its own configuration. */
export function stubConfig(bootUuid: string, folder: string): string {
  return `search --no-floppy --fs-uuid --set=root ${bootUuid}
set prefix=($root)/${folder}
configfile $prefix/grub.cfg
`
}

/** `grub.cfg` in /boot: reads /boot/loader/entries at every start, so that deployments need no new configuration. */
export function menuConfig(bootUuid: string, consoles: readonly string[]): string {
  const serial = consoles.map(parseSerial).find((line) => line !== undefined)
  return `# Written by Landfall at installation. The menu is /boot/loader/entries, kept by ostree.
set timeout=3
set default=0
search --no-floppy --fs-uuid --set=root ${bootUuid}
${serial === undefined ? '' : serialSetup(serial)}insmod part_gpt
insmod ext2
insmod gzio
insmod blsuki
blscfg
`
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
