// Which commands and options each release's Anaconda knows. A fatal error there is an error here, before a machine boots.
import type { KickstartRelease } from '../contract/kickstart-release.ts'

/** Releases in the order in which they learned and forgot things; RHEL by the Fedora it began as. */
const AGE: Readonly<Record<KickstartRelease, number>> = {
  RHEL9: 34,
  RHEL10: 40,
  F41: 41,
  F42: 42,
  F43: 43,
  F44: 44,
  F45: 45,
}

const LUKS =
  'encrypted passphrase luks-version cipher escrowcert backuppassphrase pbkdf pbkdf-memory pbkdf-time pbkdf-iterations'
const FILESYSTEM = 'fstype fsoptions fsprofile mkfsoptions label noformat'

/** Options of the commands that image-mode kickstarts are made of; of other commands only the name is known. */
const OPTIONS: Readonly<Record<string, string>> = {
  autopart: `type fstype nohome noswap noboot nolvm ${LUKS}`,
  bootc: 'source-imgref target-imgref stateroot',
  bootloader:
    'append boot-drive leavebootorder location driveorder timeout password iscrypted md5pass default disabled nombr extlinux',
  clearpart: 'all none linux list drives initlabel disklabel cdl',
  cmdline: 'non-interactive',
  driverdisk: 'source biospart',
  eula: 'agreed agree accepted accept',
  firewall: 'enabled enable disabled disable use-system-defaults service remove-service port trust ssh http smtp ftp',
  firstboot: 'disable disabled enable enabled reconfig',
  graphical: 'non-interactive',
  group: 'name gid',
  halt: 'eject kexec',
  ignoredisk: 'only-use drives',
  keyboard: 'vckeymap xlayouts switch',
  lang: 'addsupport',
  logging: 'host port',
  logvol: `vgname name size grow maxsize percent recommended hibernation resize useexisting poolname thin thinpool chunksize metadatasize profile cachesize cachemode cachepvs ${FILESYSTEM} ${LUKS}`,
  network:
    'device bootproto ip netmask gateway nameserver nodns nodefroute hostname activate no-activate onboot ipv6 ipv6gateway noipv4 noipv6 mtu vlanid interfacename bondslaves bondopts bridgeslaves bridgeopts teamslaves teamconfig bindto dhcpclass ethtool essid wepkey wpakey notksdevice ipv4-dns-search ipv6-dns-search ipv4-ignore-auto-dns ipv6-ignore-auto-dns',
  ostreecontainer: 'url transport stateroot remote no-signature-verification',
  part: `size grow maxsize ondisk ondrive onpart usepart onbiosdisk asprimary recommended hibernation resize type ${FILESYSTEM} ${LUKS}`,
  poweroff: 'eject kexec',
  raid: `device level chunksize spares useexisting ${FILESYSTEM} ${LUKS}`,
  reboot: 'eject kexec',
  reqpart: 'add-boot',
  rootpw: 'lock iscrypted plaintext allow-ssh',
  selinux: 'enforcing permissive disabled',
  services: 'enabled disabled',
  shutdown: 'eject kexec',
  skipx: '',
  sshkey: 'username',
  sshpw: 'username iscrypted plaintext lock sshkey',
  text: 'non-interactive',
  timesource: 'ntp-server ntp-pool ntp-disable nts',
  timezone: 'utc',
  user: 'name groups password iscrypted plaintext lock shell homedir uid gid gecos',
  volgroup: 'pesize reserved-space reserved-percent noformat useexisting',
  zerombr: '',
}

/** Options that came later, with the releases that have them. */
const LATER: Readonly<Record<string, (release: KickstartRelease) => boolean>> = {
  'autopart hibernation': (release) => release !== 'RHEL9',
  'autopart hw-passphrase': isFedora,
  'part hw-passphrase': isFedora,
  'bootloader sdboot': (release) => release !== 'RHEL9',
  'bootc bootloader': (release) => release === 'F45',
  'bootc composefs': (release) => release === 'F45',
}

/** Commands of every supported release that are known by name only. */
const OTHERS =
  'authselect device deviceprobe fcoe harddrive hmc iscsi iscsiname cdrom liveimg mediacheck mount nfs ostreesetup partition realm repo rescue snapshot updates url xconfig zfcp zipl'.split(
    ' ',
  )

/** Commands that only some releases have. */
const SOME: Readonly<Record<string, (release: KickstartRelease) => boolean>> = {
  bootc: hasBootcCommand,
  btrfs: isFedora,
  module: (release) => release !== 'F45',
  nvdimm: (release) => release !== 'RHEL10' && release !== 'F45',
  rdp: (release) => release === 'RHEL10' || AGE[release] >= 42,
  rhsm: (release) => !isFedora(release),
  syspurpose: (release) => !isFedora(release),
  vnc: (release) => release === 'RHEL9' || release === 'F41',
}

/**
 * True where Anaconda carries out the `bootc` command. Fedora 43 parses it and does no more (kickstart-and-iso.md section 1.2).
 */
export function hasBootcCommand(release: KickstartRelease): boolean {
  return release === 'RHEL10' || AGE[release] >= 44
}

export function isFedora(release: KickstartRelease): boolean {
  return release.startsWith('F')
}

/** True if the release knows the command. */
export function knowsCommand(release: KickstartRelease, command: string): boolean {
  const only = Object.hasOwn(SOME, command) ? SOME[command] : undefined
  if (only) return only(release)
  return Object.hasOwn(OPTIONS, command) || OTHERS.includes(command)
}

/** False if the release knows the command and that it has no such option. */
export function mayHaveOption(release: KickstartRelease, command: string, option: string): boolean {
  if (!Object.hasOwn(OPTIONS, command)) return true
  const later = LATER[`${command} ${option}`]
  return later ? later(release) : OPTIONS[command]!.split(' ').includes(option)
}
