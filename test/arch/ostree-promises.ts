// Items of docs/reference/ostree-conformance.md.
import type { Promises } from './promises.ts'

export const ostree: Promises = {
  noun: 'item',
  page: 'ostree-conformance.md',
  introduction: `# OSTree conformance

What \`bootc\` and \`ostree\` find on a disk that Landfall wrote, and the tests that hold each item on every change: \`npm test\` runs them. The judges are the public \`ostree\` command lines of
Debian 13 and of Debian testing, on plain images and on those that embed an OSTree commit ("chunked"), with layers on top and without, with an SELinux policy and without.

In the items \`R\` is \`ostree --repo=/ostree/repo\`, \`D\` the deployment's folder, \`M\` the merge commit, \`meta k\` is \`R show --print-metadata-key=k\`, \`ref(x)\` the escaped ref of a layer.
`,
  areas: [
    {
      area: 'Repository',
      promises: [
        [1, '`R config get core.mode` = `bare`; `core.repo_version` = `1`.'],
        [
          2,
          '`sysroot.bootloader` = `none`, `sysroot.bootprefix` = `true`, `sysroot.readonly` = `true`; no `core.fsync` key.',
        ],
        [3, '`R fsck` exits 0.'],
        [4, 'No `state/*.commitpartial`; `tmp/` holds no leftover checkout or staging directory.'],
        [
          5,
          '`R refs` = exactly: one `ostree/container/blob/*` per distinct layer digest, one `ostree/container/image/*`, `ostree/1/1/0`.',
        ],
        [6, "The image ref's name unescapes to transport and name of the origin's target reference."],
        [7, 'Every manifest layer digest, `layers[0]` of plain images included, resolves by its blob ref.'],
        [8, "chunked: `R rev-parse ref(layers[0])` = label `ostree.commit` (where the image has it) = M's parent."],
        [
          9,
          'chunked: each chunk commit has no metadata keys, no parent, timestamp 0; `R ls -C` shows name = checksum throughout.',
        ],
        [10, 'derived/plain: each layer commit has `ostree.importer.version` and no parent.'],
        [11, '`R prune --refs-only --depth=0` followed by 3 and 7 changes nothing.'],
      ],
    },
    {
      area: 'Merge commit',
      promises: [
        [12, '`R rev-parse` of image ref, of `ostree/1/1/0`, and the directory name of D are the same.'],
        [13, '`meta ostree.manifest-digest` = digest the registry serves for this platform, not that of the index.'],
        [
          14,
          "`meta ostree.manifest` parses; layers in the registry's order; canonical key order; OCI media type for Docker sources.",
        ],
        [
          15,
          "`meta ostree.container.image-config` parses; architecture = host's; `rootfs.diff_ids` count = layer count.",
        ],
        [16, '`meta ostree.importer.version` is a string; all four keys are of type `s`; no other key exists.'],
        [
          17,
          "Time as in the manifest's annotation, else the configuration, else now; subject empty; plain: no parent.",
        ],
        [
          18,
          '`R ls -R M` has no name starting `.wh.`, nothing inside `/run /tmp /proc /sys /dev`, no `/etc` beside `/usr/etc`.',
        ],
        [19, '`/usr/etc/hostname`, `/usr/etc/resolv.conf` are not zero-size regular files.'],
        [
          20,
          'A file deleted in layer n+1 is absent; of an opaque directory only upper content remains; a file replaced by a directory is a directory; an existing directory keeps its first mode.',
        ],
        [21, 'uid, gid, mode incl. setuid, and `security.capability` survive (`R ls -X`).'],
        [
          22,
          'image with policy: every file has `security.selinux` in `R ls -RX M`; `/usr/etc/shadow` has the `/etc/shadow` type.',
        ],
        [23, 'Importing again gives the same M and writes no object.'],
        [24, 'Importing a child image fetches only layers without blob ref.'],
      ],
    },
    {
      area: 'Deployment',
      promises: [
        [25, '`ostree admin status --sysroot=$P`: one deployment, stateroot, `M.0`, origin `<unknown origin type>`.'],
        [
          26,
          '`D.origin` mode 0644, group `origin`, only key `container-image-reference`, as bootc writes it, no `refspec`.',
        ],
        [27, '`lsattr -d D` shows `i`; the physical root does not.'],
        [28, 'Files of D/usr have the inode of their object; zero-size files may differ.'],
        [29, 'D/etc = D/usr/etc in content, modes, owners, except fstab (separate boot) and the SSH tmpfiles line.'],
        [30, '`D/sysroot` is an empty directory; `D/.ostree.cfs` exists if prepare-root.conf enables composefs.'],
        [31, "`deploy/<sr>/var` has M's `/var` and no `.updated`; a second deployment leaves changed files alone."],
        [32, "`etc/machine-id` is empty, `uninitialized` or absent: never the installer's."],
        [33, '`backing/M.0/root-transient` and `work` in it are 0700; `upper` has the mode of the root.'],
      ],
    },
    {
      area: 'Boot',
      promises: [
        [34, '`/boot/loader` is a relative symlink `loader.1`; `/boot/boot` → `.`; `/ostree/boot.1` → `boot.1.1`.'],
        [35, '`/ostree/boot.1/<sr>/<bootcsum>/0` resolves to D.'],
        [36, 'bootcsum = sha256 over kernel, initramfs, devicetree of D/usr/lib/modules/<k>.'],
        [
          37,
          'One entry `ostree-1.conf`; keys in the order title, version, options, linux, initrd; title ends ` (ostree:0)`.',
        ],
        [38, "`linux`, `initrd` begin `/boot/ostree/<sr>-<bootcsum>/`, exist, and equal D's files byte for byte."],
        [
          39,
          "`options` = kernel arguments in bootc's order with no exact duplicate; the last is `ostree=`; it has `rw` and one `root=` whose UUID is the target's.",
        ],
        [40, 'Separate `/boot`: `boot=UUID=` and the fstab line agree with blkid; else neither exists.'],
        [
          41,
          'kargs.d of another architecture is not applied; a deleted argument is absent; one of the spec survives deletion.',
        ],
        [
          42,
          'Second image deployed with the first as merge deployment: two entries, highest `version` is the new one, `loader.0`, `ostree/0/1/{0,1}`; without one and not booted, the first is dropped.',
        ],
        [43, '`ostree admin set-default 1` (≥ 2023.6) swaps the order; `undeploy 1` removes one and 3 still holds.'],
      ],
    },
    {
      area: 'Machine',
      promises: [
        [44, "`.bootc-aleph.json` has bootc's keys; `digest` = that of 13; `target-image` = name in the origin."],
        [
          45,
          'grub2: `bootupd-state.json` names the installed components; grub.cfg and bootuuid.cfg are 0600; BOOT_UUID = filesystem with `/boot`.',
        ],
        [
          46,
          'UEFI: ESP has `EFI/BOOT/BOOT<ARCH>.EFI`, `EFI/<vendor>/shim*.efi`, `EFI/<vendor>/grub.cfg`. BIOS: core image in the BIOS boot partition.',
        ],
        [
          47,
          'image with policy: `getfattr -n security.selinux` on `/`, `/boot`, `/ostree` agrees with `matchpathcon` for `/`, `/boot`, `/usr`.',
        ],
        [
          48,
          'Nothing of the installer is left; file systems unmount cleanly, `e2fsck -n` and `xfs_repair -n` are content.',
        ],
        [
          49,
          "In a VM: boots; with the image's own bootc, `bootc status --json` has booted image + digest of 13; `bootc upgrade --check` says no changes; `bootc switch` + reboot + `bootc rollback` + reboot work; `/boot` and `/sysroot` are ro.",
        ],
      ],
    },
  ],
  open: {
    45: 'By hand only: bootupd is in no release of Debian, where the images of the tests come from. On 2026-11-22 bootupd 0.2.35, built from source, in the demo image with its static configuration: it named and validated what the agent had it install for BIOS and UEFI, the files were 0600, the UUID was that of /boot, and the machine started by them under UEFI, one with a mirror from either of its disks alone. How it is called is: [agent/stages/bootloader.test.ts](../../test/agent/stages/bootloader.test.ts). Of GRUB without it, mode and UUID are: [interop/agent-deploy.test.ts](../../test/interop/agent-deploy.test.ts)',
    49: 'Machines boot what was deployed, and `/boot` and `/sysroot` are ro: [e2e/deployed.ts](../../test/e2e/deployed.ts). An upgrade that fetches the one layer that it lacks, and the way back, by the ostree of the image: [e2e/upgrade.test.ts](../../test/e2e/upgrade.test.ts). By bootc only by hand, as it is in no release of Debian. On 2026-11-22 bootc 1.16.9, built from source, told the digest of 13 and found no changes, then the next image under the same tag; it fetched the one layer that it lacked and made the very merge commit of it that Landfall makes. Upgrade, rollback and switch, each with a restart, ended as they should; and the engine bootc installed that image by it, to the same kernel arguments, boot entry, origin and keys of the aleph file.',
  },
}
