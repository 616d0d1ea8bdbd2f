// A unit of the deployed system that binds its encrypted disks to the TPM of the machine, once: only the system itself can tell the TPM
// what it measures when it starts.
import type { StoragePlan } from '../../../server/contract/plan.ts'
import type { NewFile } from './new-file.ts'

const TPM2_UNIT = 'landfall-tpm2.service'

/** Not `etc/landfall`: that goes as soon as the first boot is reported. */
const FOLDER = '/etc/landfall-tpm2'

/**
 * Unit, script, and the key that opens the disks for it and for nothing else. It lies on the encrypted disk itself, readable by root only,
 * and both its file and its slot are gone when the TPM has taken over.
 */
export function tpm2Files({ layers }: Pick<StoragePlan, 'layers'>, key: string): NewFile[] {
  const devices = layers.flatMap((layer) => (layer.type === 'luks' ? [`/dev/disk/by-uuid/${layer.uuid}`] : []))
  const unit = `etc/systemd/system/${TPM2_UNIT}`
  return [
    { path: unit, text: UNIT, mode: 0o644 },
    { path: `${FOLDER.slice(1)}/bind.sh`, text: script(devices), mode: 0o700 },
    { path: `${FOLDER.slice(1)}/key`, text: key, mode: 0o600 },
    { path: `etc/systemd/system/multi-user.target.wants/${TPM2_UNIT}`, link: `/${unit}` },
  ]
}

const UNIT = `[Unit]
Description=Bind the encrypted disks to the TPM
ConditionPathExists=${FOLDER}/key

[Service]
Type=oneshot
ExecStart=/bin/sh ${FOLDER}/bind.sh

[Install]
WantedBy=multi-user.target
`

/** PCR 7: which keys Secure Boot trusts. Kernels and firmware settings may change; a boot loader of other keys may not. */
function script(devices: readonly string[]): string {
  return `#!/bin/sh
# Binds the encrypted disks to the TPM. Done once; then key, unit and this script are removed.
set -u
dir=${FOLDER}

# By token, not by slot: a disk that is bound already is left alone when an earlier try stopped half way.
bind() {
  if ! systemd-cryptenroll "$1" | grep -q tpm2; then
    systemd-cryptenroll --unlock-key-file="$dir/key" --tpm2-device=auto --tpm2-pcrs=7 "$1" || return 1
  fi
  # The key opens its own slot and so names it: nothing is removed when it fits nowhere any more.
  cryptsetup luksRemoveKey --batch-mode "$1" "$dir/key" || :
}

main() {
  failed=0
  for device in ${devices.join(' ')}; do
    if bind "$device"; then
      echo "landfall: $device is bound to the TPM"
    else
      echo "landfall: $device could not be bound to the TPM; the next start tries again"
      failed=1
    fi
  done
  [ "$failed" = 0 ] || exit 1
  rm -f /etc/systemd/system/multi-user.target.wants/${TPM2_UNIT} /etc/systemd/system/${TPM2_UNIT}
  rm -rf "$dir"
  systemctl daemon-reload
}

# In a function with an exit behind it: the shell has read all of it before the file is removed.
main
exit 0
`
}
