// What demo and tests need of this host beyond Node: Debian packages, each with its reason, installed on first use.
import { ensureHostPackages } from '../boot-assets/debian/host-packages.ts'

/** For building boot files and images, and for running machines. */
const LAB_PACKAGES: Readonly<Record<string, string>> = {
  'debian-archive-keyring': 'checks what is taken from the Debian mirror',
  mmdebstrap: 'unpacks Debian packages: installer, image, QEMU',
  'xz-utils': 'packs the installer',
  zstd: 'packs layers and the installer',
  attr: 'reads and writes extended attributes',
  iproute2: 'makes the network of the lab',
  mtools: "reads a machine's EFI system partition",
  fdisk: 'reads partition tables',
  'openssh-client': 'runs commands in deployed machines',
  'util-linux': 'namespaces and locks',
}

/** For the tests alone. */
const TEST_PACKAGES: Readonly<Record<string, string>> = {
  atftp: 'TFTP client',
  busybox: 'TFTP client',
  'btrfs-progs': 'file system checks',
  chromium: 'opens the web page',
  cpio: 'reads the initramfs that we write',
  curl: 'HTTP and TFTP client',
  'dhcpcd-base': 'DHCP client',
  'dnsmasq-base': 'the DHCP server beside which proxyDHCP works',
  'docker-registry': 'the registry images are pulled from',
  dosfstools: 'makes file systems',
  e2fsprogs: 'makes and checks file systems',
  gdisk: 'reads partition tables',
  iptables: 'loses datagrams on purpose',
  gnupg: 'signs images as podman and skopeo do, and judges their signatures',
  'iputils-ping': 'proves that a lab reaches nothing outside',
  'isc-dhcp-client': 'DHCP client',
  'isc-dhcp-relay': 'carries DHCP between networks',
  isomd5sum: 'judges the checksum implanted into ISOs',
  'kea-dhcp4-server': 'a DHCP server to work beside, and to be measured against',
  openssl: 'certificates for misbehaving servers',
  ostree: 'judges the repositories that we write',
  perl: 'raw sockets',
  podman: 'pushes and pulls images',
  'python3-venv': 'holds pykickstart, which judges kickstarts',
  radvd: 'the router of networks with IPv6',
  shellcheck: 'judges the scripts of kickstarts',
  skopeo: 'judges and moves images',
  swtpm: 'the TPM of virtual machines',
  'tftp-hpa': 'TFTP client',
  tshark: 'judges captures of boots',
  udhcpc: 'DHCP client',
  umoci: 'makes and unpacks images',
  xfsprogs: 'makes and checks file systems',
  xorriso: 'makes and unpacks ISOs',
}

/**
 * Installs the packages that are missing and names them through `log`. Not as root: throws DebianError HOST_PACKAGE_MISSING with the
 * command to type.
 */
export async function prepareHost(log: (line: string) => void, purpose: 'demo' | 'tests' = 'demo'): Promise<void> {
  const packages = purpose === 'demo' ? LAB_PACKAGES : { ...LAB_PACKAGES, ...TEST_PACKAGES }
  await ensureHostPackages(Object.keys(packages), log)
}
