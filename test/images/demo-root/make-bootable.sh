#!/bin/sh
# mmdebstrap customize hook: turns a Debian root folder into the root of a bootable container image (OSTree layout).
# $1: the root folder; mmdebstrap has mounted /proc, /sys and /dev in it.
set -eu
root=$1
kernel=$(basename "$root"/usr/lib/modules/*)
modules=$root/usr/lib/modules/$kernel

# --- lean: every install in a test reads and writes all of this
rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/info "$root"/usr/share/locale "$root"/usr/share/i18n \
	"$root"/usr/share/lintian "$root"/usr/share/bug "$root"/usr/share/pixmaps "$root"/usr/lib/*/gconv "$root"/usr/lib/grub/*/monolithic
# What no deployed machine needs to start; what is there, udev would load.
for branch in sound drivers/media drivers/gpu drivers/bluetooth drivers/staging drivers/iio drivers/comedi drivers/accel \
	drivers/infiniband drivers/mtd drivers/input/touchscreen drivers/soundwire drivers/w1 drivers/net/wireless drivers/net/wwan \
	drivers/net/can drivers/net/ieee802154 net/bluetooth net/can net/ieee802154 net/mac80211 net/mac802154 net/nfc net/wireless \
	arch/x86/kvm virt drivers/edac drivers/watchdog drivers/input/joystick drivers/input/tablet drivers/mmc drivers/ufs; do
	rm -rf "$modules/kernel/$branch"
done
# Plain modules first, for an initramfs that is compressed as a whole: unpacking xz takes an emulated machine seconds a module.
find "$modules/kernel" -name '*.ko.xz' -print0 | xargs -0 -r -n 64 -P "$(nproc)" xz --decompress
chroot "$root" depmod "$kernel"
# Vendor names of PCI, USB and MAC addresses are nine tenths of the hardware database.
rm -f "$root"/usr/lib/udev/hwdb.d/20-OUI.hwdb "$root"/usr/lib/udev/hwdb.d/20-*-vendor-model.hwdb
chroot "$root" systemd-hwdb update --usr
# Python and ICU (70 MB) come only with xfs_scrub.
scrub_only=$(chroot "$root" dpkg-query -W -f '${Package}\n' | grep -E '^(lib)?python3|^libicu' | tr '\n' ' ')
# shellcheck disable=SC2086 # a list of package names
chroot "$root" dpkg --purge --force-depends $scrub_only >/dev/null 2>&1
rm -f "$root"/usr/sbin/xfs_scrub* "$root"/usr/lib/systemd/system/*xfs_scrub*
find "$root/etc/systemd" -xtype l -name '*xfs_scrub*' -delete

# --- configuration of the system, as an image author would write it
mkdir -p "$root/usr/lib/bootc/kargs.d" "$root/usr/lib/ostree" "$root/usr/lib/dracut/dracut.conf.d"
cat >"$root/usr/lib/ostree/prepare-root.conf" <<'EOF'
[sysroot]
readonly = true

[composefs]
enabled = yes
EOF
cat >"$root/usr/lib/bootc/kargs.d/10-demo.toml" <<'EOF'
# Harmless: proves that kernel arguments of the image reach the machine.
kargs = ["landfall.demo=1"]
EOF
cat >"$root/usr/lib/bootc/kargs.d/20-arm64-only.toml" <<'EOF'
# Must not reach an x86-64 machine.
kargs = ["landfall.demo-arm64=1"]
match-architectures = ["aarch64"]
EOF
cat >"$root/usr/lib/systemd/network/80-dhcp.network" <<'EOF'
[Match]
Name=en* eth*

[Network]
DHCP=yes
EOF
cat >"$root/usr/lib/tmpfiles.d/landfall-demo.conf" <<'EOF'
d /var/home      0755 root root -
d /var/roothome  0700 root root -
d /var/opt       0755 root root -
d /var/srv       0755 root root -
d /var/mnt       0755 root root -
d /var/usrlocal  0755 root root -
d /var/usrlocal/bin 0755 root root -
d /var/lib/dpkg  0755 root root -
L /var/lib/dpkg/status - - - - ../../../usr/lib/sysimage/dpkg/status
L /var/lib/dpkg/info   - - - - ../../../usr/lib/sysimage/dpkg/info
EOF
mkdir -p "$root/usr/lib/systemd/system.conf.d"
cat >"$root/usr/lib/systemd/system.conf.d/50-landfall-demo.conf" <<'EOF'
[Manager]
# An emulated machine on a busy host may need minutes for what takes hardware a second.
DefaultDeviceTimeoutSec=10min
DefaultTimeoutStartSec=10min
EOF
echo 'LANG=C.UTF-8' >"$root/etc/locale.conf"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
chroot "$root" systemctl enable systemd-networkd.service systemd-resolved.service ssh.service >/dev/null 2>&1
# Watches arrays to send mail, and checks them once a month.
chroot "$root" systemctl mask mdmonitor.service mdmonitor-oneshot.timer mdcheck_start.timer mdcheck_continue.timer >/dev/null 2>&1
chroot "$root" systemctl mask dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service xfs_healer_start.service \
	grub2-common.service >/dev/null 2>&1
# The image brings its caches.
chroot "$root" systemctl mask ldconfig.service systemd-journal-catalog-update.service >/dev/null 2>&1
# Debian makes host keys at the first boot only by systemd's word, which an empty machine-id is not.
mkdir -p "$root/usr/lib/systemd/system/sshd-keygen.service.d"
cat >"$root/usr/lib/systemd/system/sshd-keygen.service.d/landfall-demo.conf" <<'EOF'
[Unit]
ConditionFirstBoot=
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
ExecStart=
ExecStart=ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
# ssh-keygen does not wait for the disk: after a power cut within half a minute the key would be an empty file, and sshd would never start again.
ExecStartPost=sync --file-system /etc/ssh
EOF

# --- kernel and initramfs side by side, where OSTree and bootc look for them
cat >"$root/usr/lib/dracut/dracut.conf.d/50-landfall-demo.conf" <<'EOF'
# Generic, but lean: disk controllers and file systems of servers and virtual machines, nothing to log in to.
hostonly=no
reproducible=yes
compress="zstd -19 -T0"
dracutmodules="systemd systemd-initrd dracut-systemd base fs-lib rootfs-block kernel-modules udev-rules ostree"
drivers=" virtio_blk virtio_scsi virtio_pci nvme ahci ata_piix sd_mod sr_mod megaraid_sas mpt3sas mpi3mr smartpqi hpsa aacraid hv_storvsc vmw_pvscsi xhci_pci ehci_pci usb_storage uas ext4 xfs btrfs overlay erofs loop "
EOF
rm -f "$root/etc/dracut.conf.d/ostree.conf"
[ -s "$modules/vmlinuz" ] || mv "$root/boot/vmlinuz-$kernel" "$modules/vmlinuz"
chroot "$root" dracut --force --quiet --kver "$kernel" "/usr/lib/modules/$kernel/initramfs.img"
# Half as large again, for root file systems that are more than a partition: a layer of its own, as every boot of every test would load it.
mkdir -p "$root/var/lib/landfall-demo"
chroot "$root" dracut --force --quiet --kver "$kernel" --add "btrfs dm mdraid lvm crypt systemd-cryptsetup tpm2-tss" \
	/var/lib/landfall-demo/initramfs-disks.img
find "$modules/kernel" -name '*.ko' -print0 | xargs -0 -r -n 64 -P "$(nproc)" zstd --quiet --rm -12
chroot "$root" depmod "$kernel"
rm -rf "$root"/boot/* "$root"/vmlinuz* "$root"/initrd.img*

# --- state goes to /var, everything else below /usr
# The package database stays in /var for mmdebstrap, too; the layers take nothing from there.
mkdir -p "$root/usr/lib/sysimage/dpkg"
cp -a "$root/var/lib/dpkg/status" "$root/var/lib/dpkg/info" "$root/usr/lib/sysimage/dpkg/"
for link in home:var/home root:var/roothome opt:var/opt srv:var/srv mnt:var/mnt usr/local:../var/usrlocal ostree:sysroot/ostree; do
	rm -rf "${root:?}/${link%%:*}"
	ln -s "${link#*:}" "$root/${link%%:*}"
done
mkdir -p "$root/sysroot"

# --- nothing of the build, nothing of one machine
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/fstab "$root"/etc/hostname "$root"/etc/*- "$root"/etc/.pwd.lock
: >"$root/etc/machine-id"
