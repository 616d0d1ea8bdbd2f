// What a deployed system has to be told so that it finds its file systems: kernel arguments, fstab, and what its initramfs must know.
import type { PlannedFilesystem, PlannedLayer, StoragePlan } from '../../../server/contract/plan.ts'
import { filesystemAt, findFilesystemAt, ownVolumes } from '../disk/target.ts'

type Layer<Type extends PlannedLayer['type']> = Extract<PlannedLayer, { type: Type }>

/**
 * Seconds dracut looks for all disks. After two thirds of them it starts arrays that lack one; its own 180 make two minutes of that, more on slow
 * machines. A disk that firmware and boot menu were just read from turns already.
 */
const RETRY = 60

/** Arguments of dracut(7) and systemd-cryptsetup-generator(8) for all layers of the plan; no secret is among them. */
export function storageArguments(plan: Pick<StoragePlan, 'layers'>, tpm2: boolean): string[] {
  const { layers } = plan
  const arrays = ofType(layers, 'raid')
  return [
    ...arrays.map(({ uuid }) => `rd.md.uuid=${raidUuid(uuid)}`),
    ...(arrays.some(({ level }) => level !== 0) ? [`rd.retry=${RETRY}`] : []),
    ...ofType(layers, 'luks').flatMap(({ uuid, name }) => [
      `rd.luks.name=${uuid}=${name}`,
      // Without a bound TPM it asks, as it does without the option.
      ...(tpm2 ? [`rd.luks.options=${uuid}=tpm2-device=auto`] : []),
    ]),
    ...ofType(layers, 'logical-volume').map(({ name, on }) => `rd.lvm.lv=${groupName(on, layers)}/${name}`),
  ]
}

/** `rootflags` for a root in a subvolume. */
export function rootFlags(plan: StoragePlan): string[] {
  const { mounts } = filesystemAt(plan, '/')
  const subvolume = mounts.find(({ mountPoint }) => mountPoint === '/')?.subvolume
  return subvolume === undefined ? [] : [`rootflags=subvol=${subvolume}`]
}

/** Replaces the image's fstab: a /boot of its own as bootc writes it, then the machine's own volumes and swap. */
export function fstabText(plan: StoragePlan): string {
  const boot = findFilesystemAt(plan, '/boot')
  const lines = [
    ...(boot === undefined ? [] : [`UUID=${boot.uuid} /boot auto ro 0 0`]),
    ...ownVolumes(plan).map(({ filesystem: { uuid, filesystem }, mountPoint, subvolume }) => {
      const options = subvolume === undefined ? 'defaults' : `subvol=${subvolume}`
      return `UUID=${uuid} ${mountPoint} ${filesystem} ${options} 0 ${checkOrder(filesystem)}`
    }),
    ...plan.filesystems
      .filter(({ filesystem }) => filesystem === 'swap')
      .map(({ uuid }) => `UUID=${uuid} none swap defaults 0 0`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** xfs and btrfs have nothing to check at the start. */
function checkOrder(filesystem: PlannedFilesystem['filesystem']): 0 | 2 {
  return filesystem === 'ext4' ? 2 : 0
}

export interface InitramfsNeed {
  /** Module of dracut, as `lsinitrd --mod` lists it. */
  module: string
  /** Program of the image that its initramfs is made with. */
  program: string
  /** For people: `arrays`. */
  what: string
}

const NEEDS: Partial<Record<PlannedLayer['type'], InitramfsNeed>> = {
  raid: { module: 'mdraid', program: 'mdadm', what: 'arrays' },
  luks: { module: 'crypt', program: 'cryptsetup', what: 'encrypted disks' },
  'volume-group': { module: 'lvm', program: 'lvm', what: 'logical volumes' },
}

/** What the image's initramfs has to bring to reach the root of this plan. */
export function initramfsNeeds({ layers }: Pick<StoragePlan, 'layers'>): InitramfsNeed[] {
  return [...new Set(layers.map(({ type }) => type))].flatMap((type) => NEEDS[type] ?? [])
}

function ofType<Type extends PlannedLayer['type']>(layers: readonly PlannedLayer[], type: Type): Layer<Type>[] {
  return layers.filter((layer): layer is Layer<Type> => layer.type === type)
}

function groupName(on: string, layers: readonly PlannedLayer[]): string {
  const below = layers.find(({ id }) => id === on)
  if (below?.type === 'thin-pool') return groupName(below.on, layers)
  if (below?.type === 'volume-group') return below.name
  throw new Error(`the plan has no volume group ${on}`)
}

/** As mdadm prints it, and dracut compares: four words of eight digits. */
function raidUuid(uuid: string): string {
  return uuid.replaceAll('-', '').replace(/(.{8})(?=.)/g, '$1:')
}
