// Made from docs/reference/openapi.json by client/generate.ts; `vitest run --project unit test/client -u` writes it anew.
import type { Contents } from './contents.ts'

/** What requests and answers hold. */

export interface Schemas {
  Session: {
    name: string
    role: 'admin' | 'operator' | 'viewer' | 'join'
    scope: Record<string, string> | null
    by: 'user' | 'oidc' | 'token' | 'link'
    expiresAt: string
  }
  Problem: {
    type: string
    title: string
    status: number
    code: string
    detail: string
    hint?: string
    requestId?: string
    certificate?: string
    errors?: { path: string; message: string }[]
  }
  LoginRequest:
    | {
        /** an API token, or the one-time secret of the first start */
        token: string
      }
    | { name: string; password: string }
  LoginOptions: { oidc: { name: string } | null }
  ChangePassword: { current: string; password: string }
  ApiToken: {
    id: string
    name: string
    role: 'admin' | 'operator' | 'viewer' | 'join'
    scope: Record<string, string> | null
    createdAt: string
    expiresAt: string | null
    lastUsedAt: string | null
  }
  CreatedToken: {
    id: string
    name: string
    role: 'admin' | 'operator' | 'viewer' | 'join'
    scope: Record<string, string> | null
    createdAt: string
    expiresAt: string | null
    lastUsedAt: string | null
    secret: string
  }
  CreateToken: {
    name: string
    role: 'admin' | 'operator' | 'viewer' | 'join'
    /** only machines with these labels */
    scope?: Record<string, string>
    expiresAt?: string
  }
  User: {
    id: string
    name: string
    role: 'admin' | 'operator' | 'viewer'
    scope: Record<string, string> | null
    issuer: string | null
    disabled: boolean
    createdAt: string
    lastLoginAt: string | null
    sessions: number
  }
  CreateUser: {
    name: string
    password: string
    role: 'admin' | 'operator' | 'viewer'
    /** only machines with these labels */
    scope?: Record<string, string>
  }
  UpdateUser: {
    /** ends the sessions of the user, and a lock after failed logins */
    password?: string
    role?: 'admin' | 'operator' | 'viewer'
    /** null: everything */
    scope?: Record<string, string> | null
    /** ends the sessions of the user too */
    disabled?: boolean
  }
  AuditEntry: {
    seq: number
    at: string
    actor: string
    role: 'admin' | 'operator' | 'viewer' | 'join' | null
    address: string | null
    action: string
    target: string
    detail: string
    result: 'done' | 'refused' | 'failed'
    code: string | null
    requestId: string | null
  }
  ApplyResult: {
    applied: boolean
    results: {
      kind: 'machine' | 'profile'
      name: string | null
      id: string | null
      outcome: 'created' | 'changed' | 'unchanged' | 'refused'
      changes: { path: string; before?: unknown; after?: unknown }[]
      error: { code: string; message: string; hint?: string } | null
    }[]
  }
  ApplyRequest: {
    documents: (Schemas['MachineDocument'] | Schemas['ProfileDocument'])[]
    /** tell what would come of it, and change nothing */
    dryRun?: boolean
  }
  MachineDocument: {
    kind: 'machine'
    name: string
    /** further ones that the machine has showed stay its own */
    macs?: string[]
    labels?: Record<string, string>
    spec?: Schemas['PartialSpec']
    bmc?: Schemas['Bmc'] | null
  }
  PartialSpec: {
    image?: string
    installer?: 'agent' | 'anaconda'
    engine?: 'auto' | 'ostree' | 'bootc'
    media?: string
    hostname?: string
    rootPassword?: string
    rootSshKeys?: string[]
    users?: {
      name: string
      sshKeys?: string[]
      groups?: string[]
      password?: string
      uid?: number
      gid?: number
      comment?: string
      home?: string
      shell?: string
      sudo?: 'password' | 'nopasswd'
    }[]
    groups?: { name: string; gid?: number }[]
    kernelArguments?: string[]
    layerCaches?: string[]
    consoles?: string[]
    network?: Schemas['Connection'][]
    timezone?: string
    timeServers?: string[]
    language?: string
    keyboard?: string
    selinux?: 'image' | 'enforcing' | 'permissive' | 'disabled'
    files?: {
      path: string
      content: string
      encoding?: 'text' | 'base64'
      mode?: string
      user?: string
      group?: string
      secret?: boolean
    }[]
    cloudInit?: { userData: string; networkConfig?: string }
    ignition?: string
    systemdCredentials?: { name: string; value: string }[]
    finish?: 'reboot' | 'poweroff' | 'kexec'
    boot?: { loader?: string }
    disks?: {
      disk?: Schemas['DiskSelector']
      mirror?: Schemas['DiskSelector']
      scheme?: 'plain' | 'lvm' | 'btrfs' | 'raid1'
      raid?: { level: 0 | 1 | 5 | 6 | 10; disks: Schemas['DiskSelector'][] }
      thin?: boolean
      erase?:
        | 'signatures'
        | 'nvme-sanitize'
        | 'nvme-sanitize-crypto'
        | 'nvme-sanitize-overwrite'
        | 'nvme-format'
        | 'nvme-format-crypto'
        | 'ata-erase'
        | 'ata-erase-enhanced'
        | 'discard'
        | 'overwrite'
        | (
            | 'nvme-sanitize'
            | 'nvme-sanitize-crypto'
            | 'nvme-sanitize-overwrite'
            | 'nvme-format'
            | 'nvme-format-crypto'
            | 'ata-erase'
            | 'ata-erase-enhanced'
            | 'discard'
            | 'overwrite'
          )[]
      automatic?: boolean
      filesystem?: 'xfs' | 'ext4' | 'btrfs'
      espSize?: number
      bootSize?: number
      rootSize?: number
      volumes?: {
        mount: string
        size: number
        grow?: boolean
        filesystem?: 'xfs' | 'ext4' | 'btrfs'
        preserve?: boolean
      }[]
      encryption?: { passphrase: string; tpm2?: boolean; recoveryKey?: boolean }
    }
    firewall?: { mode?: 'image' | 'enabled' | 'disabled'; services?: string[]; ports?: string[] }
    services?: { enabled?: string[]; disabled?: string[]; masked?: string[] }
    registry?: {
      credentials?: { registry: string; username: string; password: string }[]
      certificates?: { registry: string; pem: string }[]
      insecure?: string[]
      mirrors?: { registry: string; mirror: string }[]
    }
    kickstart?: {
      template?: string
      release?: 'RHEL9' | 'RHEL10' | 'F41' | 'F42' | 'F43' | 'F44' | 'F45'
      pre?: string
      post?: string
      variables?: Record<string, string>
    }
    hooks?: { webhook?: { url: string; secret: string }; script?: string }
  }
  Connection: {
    macs: string[]
    bond?: {
      name?: string
      mode: 'balance-rr' | 'active-backup' | 'balance-xor' | 'broadcast' | '802.3ad' | 'balance-tlb' | 'balance-alb'
      options?: Record<string, string>
    }
    vlan?: number
    ipv4?: { method: 'dhcp' } | { method: 'none' } | { method: 'static'; address: string; gateway?: string }
    ipv6?:
      | { method: 'auto' }
      | { method: 'dhcp' }
      | { method: 'none' }
      | { method: 'static'; address: string; gateway?: string }
    nameservers?: string[]
  }
  DiskSelector: {
    serial?: string | { startsWith?: string; endsWith?: string; contains?: string; oneOf?: string[]; not?: string }
    wwn?: string | { startsWith?: string; endsWith?: string; contains?: string; oneOf?: string[]; not?: string }
    byId?: string | { startsWith?: string; endsWith?: string; contains?: string; oneOf?: string[]; not?: string }
    byPath?: string | { startsWith?: string; endsWith?: string; contains?: string; oneOf?: string[]; not?: string }
    model?: string | { startsWith?: string; endsWith?: string; contains?: string; oneOf?: string[]; not?: string }
    vendor?: string | { startsWith?: string; endsWith?: string; contains?: string; oneOf?: string[]; not?: string }
    transport?: 'nvme' | 'sata' | 'sas' | 'scsi' | 'virtio' | 'usb' | 'mmc' | 'other'
    rotational?: boolean
    minSize?: number
    maxSize?: number
    pick?: { order: 'smallest' | 'largest' | 'path'; nth?: number }
  }
  Bmc: {
    /** https://HOST or https://HOST:PORT */
    url: string
    user: string
    /** never shown; left out, the one that is set stays, as long as url and certificate do */
    password?: string
    /** SHA-256 fingerprint of its certificate; left out, the one that is set stays with its url; without any a well-known CA must have signed */
    certificate?: string
  }
  ProfileDocument: {
    kind: 'profile'
    name: string
    selector: Record<string, string>
    priority?: number
    spec?: Schemas['PartialSpec']
  }
  ImportResult: {
    applied: boolean
    results: {
      kind: 'machine' | 'profile'
      name: string | null
      id: string | null
      outcome: 'created' | 'changed' | 'unchanged' | 'refused'
      changes: { path: string; before?: unknown; after?: unknown }[]
      error: { code: string; message: string; hint?: string } | null
      row: number
    }[]
  }
  ImportRequest: {
    format: 'csv' | 'yaml' | 'netbox'
    text: string
    /** tell what would come of it, and change nothing */
    dryRun?: boolean
    /** take in the other rows when some are refused */
    skipRefused?: boolean
  }
  MachinePage: { items: Schemas['MachineSummary'][]; nextCursor: string | null; total: number }
  MachineSummary: {
    id: string
    name: string
    state:
      'discovered' | 'ready' | 'assigned' | 'booting' | 'installing' | 'rebooting' | 'deployed' | 'failed' | 'retired'
    macs: string[]
    serial: string | null
    uuid: string | null
    address: string | null
    product: string | null
    architecture: 'amd64' | 'arm64' | null
    firmware: 'uefi' | 'bios' | null
    labels: Record<string, string>
    image: string | null
    wantedDigest: string | null
    runningDigest: string | null
    generation: number
    revision: number
    lastSeenAt: string | null
    silentSince: string | null
    createdAt: string
    installId: string | null
    failure: Schemas['Failure'] | null
  }
  Failure: {
    code:
      | 'IMAGE_REJECTED'
      | 'DIGEST_NOT_PINNED'
      | 'IMAGE_UNSIGNED'
      | 'GPG_UNAVAILABLE'
      | 'SIGNATURE_INVALID'
      | 'SIGNER_UNTRUSTED'
      | 'SIGNING_KEY_EXPIRED'
      | 'SIGNING_KEY_REVOKED'
      | 'SIGNATURE_OTHER_DIGEST'
      | 'SIGNATURE_OTHER_REPOSITORY'
      | 'SIGNATURE_EXPIRED'
      | 'DISK_NONE_MATCHES'
      | 'DISK_SEVERAL_MATCH'
      | 'DISK_TOO_SMALL'
      | 'DISK_LAYOUT'
      | 'DISK_LOCKED'
      | 'DISK_ERASE'
      | 'DISK_IO'
      | 'DIGEST_MISMATCH'
      | 'DIFFID_MISMATCH'
      | 'SIZE_MISMATCH'
      | 'IMAGE_NOT_FOUND'
      | 'IMAGE_INVALID'
      | 'IMAGE_NOT_BOOTABLE'
      | 'IMAGE_UNSUPPORTED'
      | 'TOO_MANY_LAYERS'
      | 'TOO_MANY_FILES'
      | 'LAYER_BOMB'
      | 'LAYER_INVALID'
      | 'PATH_INVALID'
      | 'ARCHITECTURE_MISMATCH'
      | 'MEDIUM_UNREADABLE'
      | 'NETWORK'
      | 'NO_SPACE'
      | 'DEPLOY_FAILED'
      | 'BOOTLOADER_FAILED'
      | 'CONFIGURE_FAILED'
      | 'WRONG_DIGEST_BOOTED'
      | 'KICKSTART_INVALID'
      | 'INSTALLER_FAILED'
      | 'INTERRUPTED'
      | 'CANCELLED'
      | 'TIMEOUT'
      | 'INTERNAL'
    message: string
    hint?: string
  }
  Machine: {
    id: string
    name: string
    state:
      'discovered' | 'ready' | 'assigned' | 'booting' | 'installing' | 'rebooting' | 'deployed' | 'failed' | 'retired'
    macs: string[]
    serial: string | null
    uuid: string | null
    address: string | null
    product: string | null
    architecture: 'amd64' | 'arm64' | null
    firmware: 'uefi' | 'bios' | null
    labels: Record<string, string>
    image: string | null
    wantedDigest: string | null
    runningDigest: string | null
    generation: number
    revision: number
    lastSeenAt: string | null
    silentSince: string | null
    createdAt: string
    installId: string | null
    failure: Schemas['Failure'] | null
    facts: Schemas['Facts'] | null
    ownSpec: Schemas['PartialSpec']
    bmc: Schemas['BmcView'] | null
    spec: Schemas['MachineSpec']
    origins: Record<string, string>
    profiles: string[]
  }
  Facts: {
    collectedAt: string
    architecture: 'amd64' | 'arm64'
    firmware: 'uefi' | 'bios'
    secureBoot: boolean
    tpm?: '1.2' | '2.0'
    smbios: {
      uuid?: string
      vendor?: string
      product?: string
      serial?: string
      sku?: string
      assetTag?: string
      boardSerial?: string
      biosVersion?: string
    }
    cpu: { model: string; sockets: number; cores: number; threads: number }
    memoryBytes: number
    nics: {
      name: string
      mac: string
      driver?: string
      link: boolean
      speedMbps?: number
      addresses?: string[]
      pciAddress?: string
      boot?: boolean
    }[]
    disks: {
      name: string
      size: number
      model?: string
      vendor?: string
      serial?: string
      wwn?: string
      transport: 'nvme' | 'sata' | 'sas' | 'scsi' | 'virtio' | 'usb' | 'mmc' | 'other'
      rotational: boolean
      removable: boolean
      readOnly?: boolean
      logicalBlockSize: number
      physicalBlockSize: number
      byId?: string[]
      byPath?: string[]
      blocked?: string
      signatures?: string[]
      partitions?: {
        number: number
        start: number
        size: number
        name?: string
        type?: string
        uuid?: string
        filesystem?: string
        filesystemUuid?: string
      }[]
      erasure?: {
        method:
          | 'nvme-sanitize'
          | 'nvme-sanitize-crypto'
          | 'nvme-sanitize-overwrite'
          | 'nvme-format'
          | 'nvme-format-crypto'
          | 'ata-erase'
          | 'ata-erase-enhanced'
          | 'discard'
          | 'overwrite'
        seconds?: number
        unable?: string
      }[]
    }[]
    installer: { kernel: string; version: string }
  }
  BmcView: { url: string; user: string; certificate?: string }
  MachineSpec: {
    image?: string
    installer?: 'agent' | 'anaconda'
    engine?: 'auto' | 'ostree' | 'bootc'
    media?: string
    boot?: { loader?: string }
    disks?: Schemas['DiskLayout']
    hostname?: string
    rootPassword?: string
    rootSshKeys?: string[]
    users?: {
      name: string
      sshKeys?: string[]
      groups?: string[]
      password?: string
      uid?: number
      gid?: number
      comment?: string
      home?: string
      shell?: string
      sudo?: 'password' | 'nopasswd'
    }[]
    groups?: { name: string; gid?: number }[]
    kernelArguments?: string[]
    layerCaches?: string[]
    consoles?: string[]
    network?: Schemas['Connection'][]
    timezone?: string
    timeServers?: string[]
    language?: string
    keyboard?: string
    selinux?: 'image' | 'enforcing' | 'permissive' | 'disabled'
    firewall?: { mode?: 'image' | 'enabled' | 'disabled'; services?: string[]; ports?: string[] }
    services?: { enabled?: string[]; disabled?: string[]; masked?: string[] }
    registry?: {
      credentials?: { registry: string; username: string; password: string }[]
      certificates?: { registry: string; pem: string }[]
      insecure?: string[]
      mirrors?: { registry: string; mirror: string }[]
    }
    kickstart?: {
      template?: string
      release?: 'RHEL9' | 'RHEL10' | 'F41' | 'F42' | 'F43' | 'F44' | 'F45'
      pre?: string
      post?: string
      variables?: Record<string, string>
    }
    files?: {
      path: string
      content: string
      encoding?: 'text' | 'base64'
      mode?: string
      user?: string
      group?: string
      secret?: boolean
    }[]
    cloudInit?: { userData: string; networkConfig?: string }
    ignition?: string
    systemdCredentials?: { name: string; value: string }[]
    hooks?: { webhook?: { url: string; secret: string }; script?: string }
    finish?: 'reboot' | 'poweroff' | 'kexec'
  }
  DiskLayout: {
    disk?: Schemas['DiskSelector']
    mirror?: Schemas['DiskSelector']
    scheme?: 'plain' | 'lvm' | 'btrfs' | 'raid1'
    raid?: { level: 0 | 1 | 5 | 6 | 10; disks: Schemas['DiskSelector'][] }
    thin?: boolean
    erase?:
      | 'signatures'
      | 'nvme-sanitize'
      | 'nvme-sanitize-crypto'
      | 'nvme-sanitize-overwrite'
      | 'nvme-format'
      | 'nvme-format-crypto'
      | 'ata-erase'
      | 'ata-erase-enhanced'
      | 'discard'
      | 'overwrite'
      | (
          | 'nvme-sanitize'
          | 'nvme-sanitize-crypto'
          | 'nvme-sanitize-overwrite'
          | 'nvme-format'
          | 'nvme-format-crypto'
          | 'ata-erase'
          | 'ata-erase-enhanced'
          | 'discard'
          | 'overwrite'
        )[]
    automatic?: boolean
    filesystem?: 'xfs' | 'ext4' | 'btrfs'
    espSize?: number
    bootSize?: number
    rootSize?: number
    volumes?: {
      mount: string
      size: number
      grow?: boolean
      filesystem?: 'xfs' | 'ext4' | 'btrfs'
      preserve?: boolean
    }[]
    encryption?: { passphrase: string; tpm2?: boolean; recoveryKey?: boolean }
  }
  CreateMachine: {
    macs: string[]
    name?: string
    labels?: Record<string, string>
    spec?: Schemas['PartialSpec']
    bmc?: Schemas['Bmc'] | null
  }
  BulkResult: {
    results: {
      machineId: string
      name: string | null
      installId: string | null
      error: { code: string; message: string } | null
    }[]
  }
  BulkRequest: {
    /** their ids */
    machines?: string[]
    /** instead of ids: all that it means */
    filter?: {
      /** in one of these states */
      state?: (
        'discovered' | 'ready' | 'assigned' | 'booting' | 'installing' | 'rebooting' | 'deployed' | 'failed' | 'retired'
      )[]
      /** with all of these labels: `key=value`, or `key` for any value */
      label?: string[]
      /** image reference wanted, its own or by a profile */
      image?: string
      /** name of a profile that applies */
      profile?: string
      architecture?: 'amd64' | 'arm64'
      firmware?: 'uefi' | 'bios'
      /** whether it has said nothing for a while in the middle of an install */
      silent?: 'true' | 'false'
      /** words, each a part of name, MAC, serial, UUID, address, vendor or product, in any case */
      search?: string
    }
    /** with `filter`: how many it meant when a person looked; nothing is done if it means another number now */
    expected?: number
    action:
      | { type: 'assign'; image: string; spec?: Schemas['PartialSpec'] }
      | { type: 'reinstall' }
      | {
          type: 'label'
          set?: Record<string, string>
          /** keys */
          remove?: string[]
        }
      | { type: 'retire' }
  }
  ClaimResult: { machines: Schemas['MachineSummary'][] }
  ClaimRequest: {
    filter?: {
      /** in one of these states */
      state?: (
        'discovered' | 'ready' | 'assigned' | 'booting' | 'installing' | 'rebooting' | 'deployed' | 'failed' | 'retired'
      )[]
      /** with all of these labels: `key=value`, or `key` for any value */
      label?: string[]
      /** image reference wanted, its own or by a profile */
      image?: string
      /** name of a profile that applies */
      profile?: string
      architecture?: 'amd64' | 'arm64'
      firmware?: 'uefi' | 'bios'
      /** whether it has said nothing for a while in the middle of an install */
      silent?: 'true' | 'false'
      /** words, each a part of name, MAC, serial, UUID, address, vendor or product, in any case */
      search?: string
    }
    count?: number
    set: Record<string, string>
  }
  UpdateMachine: {
    name?: string
    labels?: Record<string, string>
    spec?: Schemas['PartialSpec']
    bmc?: Schemas['Bmc'] | null
  }
  Install: {
    id: string
    machineId: string
    generation: number
    state: 'pending' | 'running' | 'rebooting' | 'succeeded' | 'failed' | 'superseded'
    image: string
    digest: string
    spec: Schemas['MachineSpec']
    trust: Schemas['TrustVerdict'] | null
    plan: Schemas['StoragePlan'] | null
    erasures: Schemas['EraseReport'][]
    steps: {
      name:
        | 'boot'
        | 'identify'
        | 'plan'
        | 'partition'
        | 'fetch'
        | 'deploy'
        | 'configure'
        | 'bootloader'
        | 'finalize'
        | 'reboot'
        | 'confirm'
      state: 'pending' | 'running' | 'done' | 'failed'
      startedAt: string | null
      endedAt: string | null
      bytes: number
      totalBytes: number
      rate: number
      message: string
    }[]
    failure: Schemas['Failure'] | null
    createdAt: string
    startedAt: string | null
    endedAt: string | null
    confirmedDigest: string | null
    agentPeakRss: number | null
  }
  TrustVerdict: {
    trusted: boolean
    code:
      | 'IMAGE_REJECTED'
      | 'DIGEST_NOT_PINNED'
      | 'IMAGE_UNSIGNED'
      | 'GPG_UNAVAILABLE'
      | 'SIGNATURE_INVALID'
      | 'SIGNER_UNTRUSTED'
      | 'SIGNING_KEY_EXPIRED'
      | 'SIGNING_KEY_REVOKED'
      | 'SIGNATURE_OTHER_DIGEST'
      | 'SIGNATURE_OTHER_REPOSITORY'
      | 'SIGNATURE_EXPIRED'
      | null
    message: string
    policy: { pattern: string; require: 'accept' | 'reject' | 'digest' | 'key' | 'gpg' | 'identity' }
    evidence: {
      kind: 'simple-signing' | 'gpg' | 'bundle' | 'index' | 'pin'
      digest: string
      signer: string | null
      signedAt: string | null
      reference: string | null
    } | null
    enforcedAfterwards: boolean
    checkedAt: string
  }
  StoragePlan: {
    firmware: 'uefi' | 'bios'
    disks: {
      id: string
      disk: {
        name: string
        size: number
        model?: string
        vendor?: string
        serial?: string
        wwn?: string
        transport: 'nvme' | 'sata' | 'sas' | 'scsi' | 'virtio' | 'usb' | 'mmc' | 'other'
        rotational: boolean
        removable: boolean
        readOnly?: boolean
        logicalBlockSize: number
        physicalBlockSize: number
        byId?: string[]
        byPath?: string[]
        blocked?: string
        signatures?: string[]
        partitions?: {
          number: number
          start: number
          size: number
          name?: string
          type?: string
          uuid?: string
          filesystem?: string
          filesystemUuid?: string
        }[]
        erasure?: {
          method:
            | 'nvme-sanitize'
            | 'nvme-sanitize-crypto'
            | 'nvme-sanitize-overwrite'
            | 'nvme-format'
            | 'nvme-format-crypto'
            | 'ata-erase'
            | 'ata-erase-enhanced'
            | 'discard'
            | 'overwrite'
          seconds?: number
          unable?: string
        }[]
      }
      device: string
      uuid: string
      partitions: {
        id: string
        number: number
        name: string
        role: 'bios-boot' | 'esp' | 'boot' | 'root' | 'volume' | 'scratch'
        typeGuid: string
        uuid: string
        start: number
        size: number
        kept: boolean
      }[]
      erase?: {
        method:
          | 'nvme-sanitize'
          | 'nvme-sanitize-crypto'
          | 'nvme-sanitize-overwrite'
          | 'nvme-format'
          | 'nvme-format-crypto'
          | 'ata-erase'
          | 'ata-erase-enhanced'
          | 'discard'
          | 'overwrite'
        seconds?: number
      }[]
    }[]
    layers: (
      | {
          type: 'raid'
          id: string
          name: string
          size: number
          kept?: boolean
          on: string[]
          level: 0 | 1 | 5 | 6 | 10
          metadata: '1.0' | '1.2'
          uuid: string
        }
      | { type: 'luks'; id: string; name: string; size: number; kept?: boolean; on: string; uuid: string }
      | { type: 'volume-group'; id: string; name: string; size: number; kept?: boolean; on: string; remove?: string[] }
      | { type: 'thin-pool'; id: string; name: string; size: number; kept?: boolean; on: string }
      | { type: 'logical-volume'; id: string; name: string; size: number; kept?: boolean; on: string }
    )[]
    filesystems: {
      id: string
      on: string
      filesystem: 'xfs' | 'ext4' | 'btrfs' | 'vfat' | 'swap'
      label: string
      uuid: string
      size: number
      kept: boolean
      mounts: { mountPoint: string; subvolume?: string }[]
    }[]
    warnings: string[]
  }
  EraseReport: {
    name: string
    serial: string | null
    model: string | null
    wwn: string | null
    size: number
    method:
      | 'nvme-sanitize'
      | 'nvme-sanitize-crypto'
      | 'nvme-sanitize-overwrite'
      | 'nvme-format'
      | 'nvme-format-crypto'
      | 'ata-erase'
      | 'ata-erase-enhanced'
      | 'discard'
      | 'overwrite'
    startedAt: string
    endedAt: string | null
    result: 'running' | 'erased' | 'failed' | 'cut-off'
    detail: string
  }
  MachineMedium: {
    name: string
    macs: string[]
    serial: string | null
    spec: Schemas['MachineSpec']
    image: { repository: string; digest: string; targetReference: string }
    trust?: {
      policy:
        | { require: 'accept'; pattern: string }
        | { require: 'reject'; pattern: string }
        | { require: 'digest'; pattern: string; digests: string[] }
        | { require: 'key'; pattern: string; signedAs?: string; maxAgeDays?: number; keys: string[] }
        | { require: 'gpg'; pattern: string; signedAs?: string; maxAgeDays?: number; keys: string[] }
        | {
            require: 'identity'
            pattern: string
            signedAs?: string
            maxAgeDays?: number
            issuer: string
            subject: string
            trustedRoot: string
          }
      evidence: (
        | {
            kind: 'simple-signing'
            /** base64 */
            payload: string
            /** base64 */
            signature: string
            certificate?: string
            logEntry?: string
          }
        | {
            kind: 'gpg'
            /** base64 */
            signature: string
          }
        | {
            kind: 'bundle'
            /** JSON */
            bundle: string
          }
        | {
            kind: 'index'
            /** base64 */
            bytes: string
          }
      )[]
      gpg?: { keyring: string; signedAs: string }
    }
    installId: string
    token: string
  }
  KickstartPreview: {
    wanted: Schemas['RenderedKickstart']
    assigned: Schemas['RenderedKickstart'] & (Record<string, unknown> | null)
  }
  RenderedKickstart: {
    release: 'RHEL9' | 'RHEL10' | 'F41' | 'F42' | 'F43' | 'F44' | 'F45'
    text: string
    files: { name: string; text: string }[]
  }
  Event: {
    seq: number
    at: string
    type:
      | 'machine.discovered'
      | 'machine.updated'
      | 'machine.state'
      | 'machine.facts'
      | 'machine.hardware'
      | 'machine.merged'
      | 'boot.dhcp'
      | 'boot.tftp'
      | 'boot.script'
      | 'boot.asset'
      | 'boot.refused'
      | 'boot.loop'
      | 'boot.loader'
      | 'install.created'
      | 'install.plan'
      | 'install.recovery-key'
      | 'install.erasing'
      | 'install.erased'
      | 'install.step'
      | 'install.progress'
      | 'install.log'
      | 'install.silent'
      | 'install.heard'
      | 'install.failed'
      | 'install.succeeded'
      | 'image.added'
      | 'image.removed'
      | 'image.evicted'
      | 'image.judged'
      | 'image.refused'
      | 'image.track'
      | 'media.imported'
      | 'media.removed'
      | 'profile.changed'
      | 'token.created'
      | 'token.revoked'
      | 'user.created'
      | 'user.changed'
      | 'user.removed'
      | 'login'
      | 'login.refused'
      | 'agent.refused'
      | 'dhcp.pool-exhausted'
      | 'dhcp.foreign-server'
      | 'dhcp.declined'
      | 'dhcp.mode'
      | 'dhcp.port-busy'
      | 'server.started'
      | 'server.restored'
      | 'server.warning'
      | 'webhook.delivered'
      | 'webhook.failed'
    machineId: string | null
    installId: string | null
    actor: string
    message: string
    data: Record<string, unknown>
  }
  FactChange: {
    subject: 'disk' | 'nic' | 'memory' | 'cpu' | 'firmware' | 'secure-boot' | 'tpm' | 'architecture' | 'system'
    change: 'appeared' | 'vanished' | 'changed'
    which: string
    before: string | null
    after: string | null
    message: string
    seq: number
    at: string
  }
  InstallDetail: {
    id: string
    machineId: string
    generation: number
    state: 'pending' | 'running' | 'rebooting' | 'succeeded' | 'failed' | 'superseded'
    image: string
    digest: string
    spec: Schemas['MachineSpec']
    trust: Schemas['TrustVerdict'] | null
    plan: Schemas['StoragePlan'] | null
    erasures: Schemas['EraseReport'][]
    steps: {
      name:
        | 'boot'
        | 'identify'
        | 'plan'
        | 'partition'
        | 'fetch'
        | 'deploy'
        | 'configure'
        | 'bootloader'
        | 'finalize'
        | 'reboot'
        | 'confirm'
      state: 'pending' | 'running' | 'done' | 'failed'
      startedAt: string | null
      endedAt: string | null
      bytes: number
      totalBytes: number
      rate: number
      message: string
    }[]
    failure: Schemas['Failure'] | null
    createdAt: string
    startedAt: string | null
    endedAt: string | null
    confirmedDigest: string | null
    agentPeakRss: number | null
    layers: Schemas['InstallLayer'][]
  }
  InstallLayer: {
    digest: string
    size: number
    bytes: number
    state: 'waiting' | 'streaming' | 'done' | 'reused'
    source: string | null
  }
  LogLine: { seq: number; at: string; level: 'debug' | 'info' | 'warn' | 'error'; text: string }
  RecoveryKey: { key: string }
  Profile: {
    id: string
    name: string
    selector: Record<string, string>
    priority?: number
    spec: Schemas['PartialSpec']
    revision: number
  }
  CreateProfile: { name: string; selector: Record<string, string>; priority?: number; spec: Schemas['PartialSpec'] }
  UpdateProfile: { name?: string; selector?: Record<string, string>; priority?: number; spec?: Schemas['PartialSpec'] }
  Overview: {
    at: string
    since: string
    total: number
    states: {
      discovered?: number
      ready?: number
      assigned?: number
      booting?: number
      installing?: number
      rebooting?: number
      deployed?: number
      failed?: number
      retired?: number
    }
    installs: {
      running: number
      silent: number
      rate: number
      list: {
        installId: string
        machine: { id: string; name: string }
        image: string
        startedAt: string | null
        silentSince: string | null
        step:
          | 'boot'
          | 'identify'
          | 'plan'
          | 'partition'
          | 'fetch'
          | 'deploy'
          | 'configure'
          | 'bootloader'
          | 'finalize'
          | 'reboot'
          | 'confirm'
          | null
        bytes: number
        totalBytes: number
        rate: number
      }[]
    }
    failures: {
      code:
        | 'IMAGE_REJECTED'
        | 'DIGEST_NOT_PINNED'
        | 'IMAGE_UNSIGNED'
        | 'GPG_UNAVAILABLE'
        | 'SIGNATURE_INVALID'
        | 'SIGNER_UNTRUSTED'
        | 'SIGNING_KEY_EXPIRED'
        | 'SIGNING_KEY_REVOKED'
        | 'SIGNATURE_OTHER_DIGEST'
        | 'SIGNATURE_OTHER_REPOSITORY'
        | 'SIGNATURE_EXPIRED'
        | 'DISK_NONE_MATCHES'
        | 'DISK_SEVERAL_MATCH'
        | 'DISK_TOO_SMALL'
        | 'DISK_LAYOUT'
        | 'DISK_LOCKED'
        | 'DISK_ERASE'
        | 'DISK_IO'
        | 'DIGEST_MISMATCH'
        | 'DIFFID_MISMATCH'
        | 'SIZE_MISMATCH'
        | 'IMAGE_NOT_FOUND'
        | 'IMAGE_INVALID'
        | 'IMAGE_NOT_BOOTABLE'
        | 'IMAGE_UNSUPPORTED'
        | 'TOO_MANY_LAYERS'
        | 'TOO_MANY_FILES'
        | 'LAYER_BOMB'
        | 'LAYER_INVALID'
        | 'PATH_INVALID'
        | 'ARCHITECTURE_MISMATCH'
        | 'MEDIUM_UNREADABLE'
        | 'NETWORK'
        | 'NO_SPACE'
        | 'DEPLOY_FAILED'
        | 'BOOTLOADER_FAILED'
        | 'CONFIGURE_FAILED'
        | 'WRONG_DIGEST_BOOTED'
        | 'KICKSTART_INVALID'
        | 'INSTALLER_FAILED'
        | 'INTERRUPTED'
        | 'CANCELLED'
        | 'TIMEOUT'
        | 'INTERNAL'
      machines: number
      message: string
      hint: string | null
      examples: { id: string; name: string }[]
    }[]
    images: { image: string | null; machines: number; runs: { digest: string | null; machines: number }[] }[]
    changed: { discovered: number; assigned: number; succeeded: number; failed: number }
    hours: { at: string; succeeded: number; failed: number }[]
    days: { at: string; succeeded: number; failed: number }[]
    news: Schemas['Event'][]
    labels: { key: string; values: number; machines: number }[]
    groups: {
      value: string | null
      machines: number
      states: {
        discovered?: number
        ready?: number
        assigned?: number
        booting?: number
        installing?: number
        rebooting?: number
        deployed?: number
        failed?: number
        retired?: number
      }
      members: {
        id: string
        name: string
        state:
          | 'discovered'
          | 'ready'
          | 'assigned'
          | 'booting'
          | 'installing'
          | 'rebooting'
          | 'deployed'
          | 'failed'
          | 'retired'
      }[]
    }[]
  }
  Webhook: { url: string; pending: number; delivered: number; failed: number; lastAt: string }
  WebhookDelivery: {
    seq: number
    eventSeq: number
    event: 'install.succeeded' | 'install.failed' | 'install.silent' | 'install.heard'
    machineId: string
    installId: string
    url: string
    state: 'pending' | 'delivered' | 'failed'
    attempts: number
    status: number | null
    trouble: string | null
    replayedBy: string | null
    createdAt: string
    settledAt: string | null
  }
  ReplayResult: { deliveries: Schemas['WebhookDelivery'][]; lastEvent: number; more: boolean }
  ReplayRequest: { delivery: number } | { after: number; url?: string }
  Image: {
    reference: string
    repository: string
    tag: string
    digest: string
    mediaType: string
    platforms: {
      architecture: string
      digest: string
      configDigest: string
      size: number
      layers: { digest: string; mediaType: string; size: number }[]
      labels: Record<string, string>
      bootable: boolean
      createdAt: string | null
      trust: Schemas['TrustVerdict']
      arrival?: {
        state: 'later' | 'waiting' | 'fetching' | 'failed'
        layers: number
        totalLayers: number
        bytes: number
        totalBytes: number
        problem: { code: string; message: string } | null
      }
    }[]
    addedAt: string
    machines: number
    follows: Schemas['ImageTrack'] | null
  }
  ImageTrack: {
    reference: string
    source: string
    every: string
    checkedAt: string | null
    nextAt: string
    problem: { code: string; message: string } | null
  }
  TrustPolicy: {
    pattern: string
    require: 'accept' | 'reject' | 'digest' | 'key' | 'gpg' | 'identity'
    signedAs: string | null
    maxAgeDays: number | null
    keys: string[]
    issuer: string | null
    subject: string | null
    digests: string[]
  }
  ImageRoom: {
    storedBytes: number
    maxBytes: number | null
    evicted: { at: string; reference: string; bytes: number; usedAt: string | null }[]
  }
  PullRequest: { reference: string; as?: string; insecure?: boolean; architectures?: ('amd64' | 'arm64')[] }
  PrefetchRequest: { reference: string }
  GarbageReport: {
    manifests: number
    blobs: number
    bytes: number
    uploads: number
    removed: { repository: string; digest: string; why: string }[]
    evicted: {
      repository: string
      digest: string
      tags: string[]
      usedAt: string
      bytes: number
      kept: string | null
    }[]
    maxBytes: number | null
    storedBytes: number
    images: { repository: string; digest: string; tags: string[]; usedAt: string; bytes: number; kept: string | null }[]
  }
  CollectRequest: { dryRun?: boolean }
  CheckReport: { files: number; bytes: number; problems: Schemas['StoreProblem'][] }
  StoreProblem: { kind: 'damaged' | 'missing' | 'dangling'; digest: string; message: string }
  CheckRequest: { repair?: boolean }
  ImageInspection: {
    reference: string
    platforms: {
      kind: 'chunked' | 'derived' | 'plain'
      bootable: boolean
      engine: 'ostree' | 'bootc'
      os: { id: string; name: string; version: string | null } | null
      kernels: { version: string; initramfs: boolean }[]
      bootc: { present: boolean; version: string | null }
      ostree: { present: boolean; version: string | null }
      bootupd: { present: boolean; version: string | null }
      bootloader: {
        kind: 'bootupd' | 'grub' | 'uki' | 'systemd-boot' | 'none'
        uefi: boolean
        bios: boolean
        secureBoot: boolean
      }
      selinux: { policy: string; mode: string } | null
      rootFilesystem: string | null
      kernelArguments: string[] | null
      packages: { format: 'rpm' | 'dpkg'; count: number; problem: string | null } | null
      size: number
      unpackedBytes: number
      entries: { files: number; directories: number; links: number; removals: number }
      architecture: string
      digest: string
      createdAt: string | null
      reading: { layers: number; totalLayers: number; bytes: number; totalBytes: number } | null
      problem: { code: string; message: string; hint: string } | null
      layers: {
        digest: string
        mediaType: string
        size: number
        unpackedBytes: number | null
        files: number | null
        sharedWith: number
      }[]
      labels: Record<string, string>
      attached: { digest: string; artifactType: string | null }[]
    }[]
  }
  ImagePackages: { items: { name: string; version: string; architecture: string }[] }
  ImageDifference: {
    architecture: string
    from: { reference: string; digest: string }
    to: { reference: string; digest: string }
    layers: { shared: number; sharedBytes: number; added: number; transferBytes: number; removed: number }
    facts: { name: string; from: string | null; to: string | null }[]
    packages: { name: string; from: string | null; to: string | null }[] | null
    kernelArguments: { added: string[]; removed: string[] }
    labels: { name: string; from: string | null; to: string | null }[]
  }
  ImageFit: {
    reference: string
    machineId: string
    result: 'ok' | 'warning' | 'refused' | 'unknown'
    checks: {
      name: 'contents' | 'trust' | 'architecture' | 'kernel' | 'engine' | 'firmware' | 'secure-boot' | 'disk' | 'memory'
      result: 'ok' | 'warning' | 'refused' | 'unknown'
      message: string
    }[]
  }
  TrackRequest: {
    reference: string
    as?: string
    insecure?: boolean
    architectures?: ('amd64' | 'arm64')[]
    every: string
  }
  ImageHistory: {
    track: Schemas['ImageTrack'] | null
    digests: { digest: string; at: string; outcome: 'taken' | 'refused'; message: string }[]
  }
  Media: {
    id: string
    name: string
    product: string
    version: string
    release: 'RHEL9' | 'RHEL10' | 'F41' | 'F42' | 'F43' | 'F44' | 'F45'
    architecture: 'amd64' | 'arm64'
    volumeId: string
    sizeBytes: number
    digest: string
    checksum: 'verified' | 'absent'
    boot: { kernel: string; initrd: string; stage2: string; shim: string | null; grub: string | null }
    files: { path: string; size: number; digest: string }[]
    importedAt: string
    warnings: string[]
    users: number
  }
  Trace: { clients: string[]; boots: Schemas['BootStory'][] }
  BootStory: { startedAt: string; lastAt: string; verdict: Schemas['Verdict']; steps: Schemas['StoryStep'][] }
  Verdict: {
    code:
      | 'IN_PROGRESS'
      | 'REGISTERED'
      | 'KICKSTART_FETCHED'
      | 'BOOTS_LOCAL'
      | 'PLAIN_CLIENT'
      | 'MALFORMED'
      | 'REFUSED'
      | 'UNKNOWN_SUBNET'
      | 'UNKNOWN_LINK'
      | 'POOL_EXHAUSTED'
      | 'SERVER_FAILED'
      | 'NOTHING_OFFERED'
      | 'OTHER_SERVER_WON'
      | 'ADDRESS_REFUSED'
      | 'RELAY_DROPS_OPTION_82'
      | 'RELAYED_OFFER_LOST'
      | 'PROXY_OFFER_UNUSED'
      | 'OFFER_NOT_REQUESTED'
      | 'LOADER_NOT_ASKED'
      | 'LOADER_NOT_FOUND'
      | 'TFTP_TIMED_OUT'
      | 'TFTP_REFUSED'
      | 'LOADER_BROKEN_OFF'
      | 'BOOT_LOOP'
      | 'SCRIPT_NOT_REACHED'
      | 'SCRIPT_NOT_ASKED'
      | 'SCRIPT_TROUBLE'
      | 'KERNEL_NOT_FOUND'
      | 'KERNEL_NOT_STARTED'
      | 'KERNEL_NOT_ASKED'
      | 'KERNEL_BROKEN_OFF'
      | 'INITRAMFS_NOT_ASKED'
      | 'KICKSTART_NOT_ASKED'
      | 'AGENT_REFUSED'
      | 'AGENT_NOT_REGISTERED'
      | 'INSTALLER_SILENT'
    level: 'waiting' | 'good' | 'trouble'
    message: string
    causes: string[]
    next: string[]
  }
  StoryStep: {
    at: string
    seconds: number
    count: number
    lastedSeconds: number
    phase: 'dhcp' | 'loader' | 'script' | 'installer'
    level: 'info' | 'success' | 'warning' | 'danger'
    text: string
    reason: string | null
    entries: Schemas['TraceEntry'][]
  }
  TraceEntry: { at: string; summary: string; details: { name: string; value: string }[] }
  TraceOverview: { wire: Schemas['WireSummary']; clients: Schemas['TraceClient'][] }
  WireSummary: {
    since: string
    dhcpReceived: number
    dhcpMalformed: number
    dhcpLastAt: string | null
    tftpReceived: number
    tftpLastAt: string | null
    otherServers: { address: string; lastAt: string }[]
  }
  TraceClient: {
    client: string
    description: string | null
    relay: string | null
    firstAt: string
    lastAt: string
    verdict: Schemas['Verdict']
  }
  SnapshotRequest: { keepImages?: boolean }
  Network: {
    /** interfaces of the host that carry traffic */
    links: Schemas['NetworkLink'][]
    /** `dhcp.mode` as it is set */
    mode: 'off' | 'auto' | 'server' | 'proxy'
    /** those that are served */
    interfaces: string[]
    /** place of settings that stand elsewhere, so that they can only be changed there */
    setBy: string | null
  }
  NetworkLink: {
    name: string
    address: string
    /** `10.77.0.1/24` */
    cidr: string
    /** the default route that leads out there */
    gateway: string | null
    /** addresses that would be given there; none where the network has no room */
    pool: string[]
  }
  NetworkFindings: { findings: Schemas['Finding'][] }
  Finding: {
    /** stable; of a boot story's verdict it is that one's code */
    code: string
    level: 'ok' | 'note' | 'problem'
    message: string
    causes?: string[]
    /** steps that mend it */
    next?: string[]
  }
  NetworkQuestion: { interface: string }
  ChangedNetwork: {
    file: string
    /** what stands in the file, as TOML */
    config: string
    written: boolean
    /** the server starts anew by itself, within seconds */
    restarting: boolean
    /** what is left to do */
    next: string[]
  }
  ChangeNetwork: {
    interface: string
    mode: 'auto' | 'server' | 'proxy'
    /** addresses to give; by default those of the link */
    pool?: string[]
    /** told to machines; by default the gateway of the link */
    router?: string | null
    /** only tell what would be written */
    dryRun?: boolean
  }
  SystemInfo: {
    name: string
    version: string
    startedAt: string
    caFingerprint: string
    httpUrl: string
    httpsUrl: string
    registry: string
    dhcp: {
      interface: string
      address: string
      mode: 'server' | 'proxy' | 'auto' | 'stateless' | 'stateful'
      state: 'probing' | 'running' | 'failed'
      problem: string | null
    }[]
    warnings: string[]
  }
  Lease: {
    address: string
    mac: string
    machineId: string | null
    hostname: string | null
    state: 'bound' | 'released' | 'declined' | 'expired' | 'reserved'
    startsAt: string | null
    endsAt: string | null
  }
}

/** By method and path: what a request has, and what its answer is. An answer that is a stream or a file is the response itself. */

export interface Operations {
  /** Open a browser session by name and password, with an API token, or with the one-time login secret */
  'POST /login': { body: Schemas['LoginRequest']; answer: Schemas['Session'] }
  /** End the browser session */
  'POST /logout': {
    query?: {
      /** and all others of the same user or token */
      everywhere?: 'true' | 'false'
    }
    answer: undefined
  }
  /** How people can log in besides by name and password */
  'GET /login/options': { answer: Schemas['LoginOptions'] }
  /** Send the browser to the OpenID provider */
  'GET /login/oidc': {
    query?: {
      /** where to go after the login */
      to?: string
    }
    answer: Response
  }
  /** Take the answer of the OpenID provider and open a browser session */
  'GET /login/oidc/callback': {
    query?: { code?: string; state?: string; iss?: string; error?: string; error_description?: string }
    answer: Response
  }
  /** Whose browser session this is, what it may do, and until when */
  'GET /session': { answer: Schemas['Session'] }
  /** Take a new password; ends all other sessions of the user */
  'POST /session/password': { body: Schemas['ChangePassword']; answer: undefined }
  /** All API tokens */
  'GET /tokens': { answer: { items: Schemas['ApiToken'][] } }
  /** Make an API token */
  'POST /tokens': { body: Schemas['CreateToken']; answer: Schemas['CreatedToken'] }
  /** Refuse a token, and sessions opened with it, from now on */
  'DELETE /tokens/{id}': { path: { id: string }; answer: undefined }
  /** All users, by name */
  'GET /users': { answer: { items: Schemas['User'][] } }
  /** Let somebody log in by name and password */
  'POST /users': { body: Schemas['CreateUser']; answer: Schemas['User'] }
  /** One user */
  'GET /users/{id}': { path: { id: string }; answer: Schemas['User'] }
  /** Change what a user may do, set a password, or shut a user out; counts at once, in open sessions too */
  'PATCH /users/{id}': { path: { id: string }; body: Schemas['UpdateUser']; answer: Schemas['User'] }
  /** Remove a user with all sessions */
  'DELETE /users/{id}': { path: { id: string }; answer: undefined }
  /** Sign a user out everywhere */
  'DELETE /users/{id}/sessions': { path: { id: string }; answer: undefined }
  /** Who did or tried what, newest first; the next page is the one before the last number */
  'GET /audit': {
    query?: {
      /** exactly this one: `user:ann` */
      actor?: string
      /** a part of the operation */
      action?: string
      /** a part of target or detail */
      target?: string
      result?: 'done' | 'refused' | 'failed'
      /** at this time or later */
      since?: string
      /** before this time */
      until?: string
      /** only entries with a lower number */
      before?: number
      limit?: number
    }
    answer: { items: Schemas['AuditEntry'][] }
  }
  /** All entries that the filter means, newest first */
  'GET /audit/export': {
    query?: {
      /** exactly this one: `user:ann` */
      actor?: string
      /** a part of the operation */
      action?: string
      /** a part of target or detail */
      target?: string
      result?: 'done' | 'refused' | 'failed'
      /** at this time or later */
      since?: string
      /** before this time */
      until?: string
      format?: 'ndjson' | 'csv'
    }
    answer: Response
  }
  /** Create and change machines and profiles as documents say, all of them or none */
  'POST /apply': {
    header?: {
      /** a text of your choice: asked again with it within a day, the same request gets its first answer */
      'idempotency-key'?: string
    }
    body: Schemas['ApplyRequest']
    answer: Schemas['ApplyResult']
  }
  /** All machines that a filter means, as a file; YAML and JSON hold documents that can be applied */
  'GET /machines/export': {
    query?: {
      /** in one of these states */
      state?: (
        'discovered' | 'ready' | 'assigned' | 'booting' | 'installing' | 'rebooting' | 'deployed' | 'failed' | 'retired'
      )[]
      /** with all of these labels: `key=value`, or `key` for any value */
      label?: string[]
      /** image reference wanted, its own or by a profile */
      image?: string
      /** name of a profile that applies */
      profile?: string
      architecture?: 'amd64' | 'arm64'
      firmware?: 'uefi' | 'bios'
      /** whether it has said nothing for a while in the middle of an install */
      silent?: 'true' | 'false'
      /** words, each a part of name, MAC, serial, UUID, address, vendor or product, in any case */
      search?: string
      format?: 'csv' | 'yaml' | 'netbox' | 'json'
    }
    answer: Response
  }
  /** Take in an inventory kept elsewhere; what rows of a table or of NetBox do not name stays, documents are applied */
  'POST /machines/import': {
    header?: {
      /** a text of your choice: asked again with it within a day, the same request gets its first answer */
      'idempotency-key'?: string
    }
    body: Schemas['ImportRequest']
    answer: Schemas['ImportResult']
  }
  /** List machines */
  'GET /machines': {
    query?: {
      /** in one of these states */
      state?: (
        'discovered' | 'ready' | 'assigned' | 'booting' | 'installing' | 'rebooting' | 'deployed' | 'failed' | 'retired'
      )[]
      /** with all of these labels: `key=value`, or `key` for any value */
      label?: string[]
      /** image reference wanted, its own or by a profile */
      image?: string
      /** name of a profile that applies */
      profile?: string
      architecture?: 'amd64' | 'arm64'
      firmware?: 'uefi' | 'bios'
      /** whether it has said nothing for a while in the middle of an install */
      silent?: 'true' | 'false'
      /** words, each a part of name, MAC, serial, UUID, address, vendor or product, in any case */
      search?: string
      /** machines without a value come first */
      sort?: 'createdAt' | 'name' | 'state' | 'lastSeenAt' | 'image' | 'product' | 'serial'
      order?: 'asc' | 'desc'
      limit?: number
      /** `nextCursor` of the page before, with the same filter, sort and order */
      cursor?: string
    }
    answer: Schemas['MachinePage']
  }
  /** Add a machine before it was ever switched on */
  'POST /machines': {
    header?: {
      /** a text of your choice: asked again with it within a day, the same request gets its first answer */
      'idempotency-key'?: string
    }
    body: Schemas['CreateMachine']
    answer: Schemas['Machine']
  }
  /** Assign, reinstall, label or retire machines, by ids or by a filter and the number of machines it meant */
  'POST /machines/bulk': {
    header?: {
      /** a text of your choice: asked again with it within a day, the same request gets its first answer */
      'idempotency-key'?: string
    }
    body: Schemas['BulkRequest']
    answer: Schemas['BulkResult']
  }
  /** Take machines for your use by labels that others have to leave alone: as many as are wanted, or none */
  'POST /machines/claim': {
    header?: {
      /** a text of your choice: asked again with it within a day, the same request gets its first answer */
      'idempotency-key'?: string
    }
    body: Schemas['ClaimRequest']
    answer: Schemas['ClaimResult']
  }
  /** One machine: facts, spec with origins, state */
  'GET /machines/{id}': {
    path: { id: string }
    header?: {
      /** `ETag` of what is known: answered with 304 if it is the same */
      'if-none-match'?: string
    }
    answer: Schemas['Machine']
  }
  /** Change name, labels, management controller or spec; a spec has effect with the next install */
  'PATCH /machines/{id}': {
    path: { id: string }
    header?: {
      /** `ETag` of what the change is based on, or `"REVISION"`: refused with 412 if people have changed it since */
      'if-match'?: string
    }
    body: Schemas['UpdateMachine']
    answer: Schemas['Machine']
  }
  /** Take a machine out of service, or forget it */
  'DELETE /machines/{id}': {
    path: { id: string }
    query?: {
      /** remove the record as well */
      forget?: 'true' | 'false'
    }
    header?: {
      /** `ETag` of what the change is based on, or `"REVISION"`: refused with 412 if people have changed it since */
      'if-match'?: string
    }
    answer: undefined
  }
  /** Install the wanted image again, as a new generation */
  'POST /machines/{id}/reinstall': {
    path: { id: string }
    header?: {
      /** a text of your choice: asked again with it within a day, the same request gets its first answer */
      'idempotency-key'?: string
    }
    answer: Schemas['Install']
  }
  /** What a stick or CD for this one machine needs: its waiting install, secrets unmasked, and one for the first-boot report */
  'POST /machines/{id}/medium': { path: { id: string }; answer: Schemas['MachineMedium'] }
  /** Dry run: what an install would write to which disk */
  'GET /machines/{id}/plan': { path: { id: string }; answer: Schemas['StoragePlan'] }
  /** The kickstart Anaconda would be given, secrets masked */
  'GET /machines/{id}/kickstart': {
    path: { id: string }
    query?: {
      /** for this release instead of that of the media */
      release?: 'RHEL9' | 'RHEL10' | 'F41' | 'F42' | 'F43' | 'F44' | 'F45'
    }
    answer: Schemas['KickstartPreview']
  }
  /** A picture of its console, taken now by its management controller; it may show what a viewer may not see. Last-Modified is the time */
  'GET /machines/{id}/screenshot': { path: { id: string }; answer: Response }
  /** A machine's history, newest first */
  'GET /machines/{id}/events': {
    path: { id: string }
    query?: {
      /** only events with a lower number */
      before?: number
      limit?: number
    }
    answer: { items: Schemas['Event'][] }
  }
  /** What changed of a machine's facts, newest first: disks, NICs, memory, firmware */
  'GET /machines/{id}/facts/history': {
    path: { id: string }
    query?: { limit?: number }
    answer: { items: Schemas['FactChange'][] }
  }
  /** A machine's installs, newest first */
  'GET /machines/{id}/installs': { path: { id: string }; answer: { items: Schemas['Install'][] } }
  /** One install: steps with times and bytes, layers, outcome */
  'GET /installs/{id}': { path: { id: string }; answer: Schemas['InstallDetail'] }
  /** The installer's log, oldest line first */
  'GET /installs/{id}/log': {
    path: { id: string }
    query?: {
      /** only lines with a higher number */
      after?: number | null
      limit?: number
    }
    answer: { items: Schemas['LogLine'][] }
  }
  /** Stop an install at its next step */
  'POST /installs/{id}/cancel': { path: { id: string }; answer: Schemas['Install'] }
  /** Show the recovery key of the encrypted disks, and forget it */
  'POST /installs/{id}/recovery-key': { path: { id: string }; answer: Schemas['RecoveryKey'] }
  /** All profiles, by name */
  'GET /profiles': { answer: { items: Schemas['Profile'][] } }
  /** Add a profile */
  'POST /profiles': {
    header?: {
      /** a text of your choice: asked again with it within a day, the same request gets its first answer */
      'idempotency-key'?: string
    }
    body: Schemas['CreateProfile']
    answer: Schemas['Profile']
  }
  /** One profile */
  'GET /profiles/{id}': {
    path: { id: string }
    header?: {
      /** `ETag` of what is known: answered with 304 if it is the same */
      'if-none-match'?: string
    }
    answer: Schemas['Profile']
  }
  /** Change a profile; has effect with each machine's next install */
  'PATCH /profiles/{id}': {
    path: { id: string }
    header?: {
      /** `ETag` of what the change is based on, or `"REVISION"`: refused with 412 if people have changed it since */
      'if-match'?: string
    }
    body: Schemas['UpdateProfile']
    answer: Schemas['Profile']
  }
  /** Remove a profile */
  'DELETE /profiles/{id}': {
    path: { id: string }
    header?: {
      /** `ETag` of what the change is based on, or `"REVISION"`: refused with 412 if people have changed it since */
      'if-match'?: string
    }
    answer: undefined
  }
  /** The fleet at a glance, as far as the caller may see it: states, running installs, failures by reason, images, what changed */
  'GET /overview': {
    query?: {
      /** what changed from here on; by default a day ago */
      since?: string
      /** key of a label: machines by its values, e.g. by rack */
      by?: string
    }
    answer: Schemas['Overview']
  }
  /** Receivers that specs name and that were told something, the last one first */
  'GET /webhooks': { answer: { items: Schemas['Webhook'][] } }
  /** What was sent and what came of it, newest first; of each receiver the newest 500 are kept */
  'GET /webhooks/deliveries': {
    query?: {
      /** only to this receiver */
      url?: string
      state?: 'pending' | 'delivered' | 'failed'
      /** only deliveries with a lower number */
      before?: number
      limit?: number
    }
    answer: { items: Schemas['WebhookDelivery'][] }
  }
  /** Send a delivery again, or tell of all installs that ended after an event */
  'POST /webhooks/replay': { body: Schemas['ReplayRequest']; answer: Schemas['ReplayResult'] }
  /** All images, by reference */
  'GET /images': { answer: { items: Schemas['Image'][] } }
  /** Who has to sign which images; the first pattern that fits a repository counts */
  'GET /trust': { answer: { items: Schemas['TrustPolicy'][] } }
  /** Room that images take, how much they may, and what went last to make some for others */
  'GET /image-room': { answer: Schemas['ImageRoom'] }
  /** Copy an image from a registry */
  'POST /images/pull': { body: Schemas['PullRequest']; answer: Response }
  /** Fetch all layers of an image below the prefix of an upstream */
  'POST /images/prefetch': { body: Schemas['PrefetchRequest']; answer: Response }
  /** Take in a tar of an OCI image layout */
  'POST /images/import': {
    query?: {
      /** what to call it: repository:tag */
      as?: string
    }
    body: Contents
    answer: Response
  }
  /** One image: platforms, layers, labels */
  'GET /images/{reference}': {
    path: {
      /** repository:tag, percent-encoded; repository@digest where something is removed */
      reference: string
    }
    answer: Schemas['Image']
  }
  /** Remove a tag, or a manifest by its digest; bytes go with the next garbage collection */
  'DELETE /images/{reference}': {
    path: {
      /** repository:tag, percent-encoded; repository@digest where something is removed */
      reference: string
    }
    answer: undefined
  }
  /** Remove what no tag, machine or install needs */
  'POST /images/gc': { body: Schemas['CollectRequest']; answer: Response }
  /** Read all images again and compare them with their digests */
  'POST /images/fsck': { body: Schemas['CheckRequest']; answer: Response }
  /** What an image is: system, kernel, boot loader, engine, layers; `reading` says how far its layers were read */
  'GET /images/{reference}/inspection': {
    path: {
      /** repository:tag, or repository@digest of one architecture; percent-encoded */
      reference: string
    }
    answer: Schemas['ImageInspection']
  }
  /** Packages of an image, by its database of rpm or dpkg */
  'GET /images/{reference}/packages': {
    path: {
      /** repository:tag, or repository@digest of one architecture; percent-encoded */
      reference: string
    }
    query?: { architecture?: 'amd64' | 'arm64' }
    answer: Schemas['ImagePackages']
  }
  /** What another image has that this one has not: packages, layers to transfer, kernel arguments */
  'GET /images/{reference}/difference': {
    path: {
      /** repository:tag, or repository@digest of one architecture; percent-encoded */
      reference: string
    }
    query: {
      architecture?: 'amd64' | 'arm64'
      /** the other image */
      to: string
    }
    answer: Schemas['ImageDifference']
  }
  /** Whether an image can start the machine, as checks with reasons; nothing is changed */
  'GET /machines/{id}/check': {
    path: { id: string }
    query: {
      /** repository:tag */
      image: string
    }
    answer: Schemas['ImageFit']
  }
  /** Tags that follow one of another registry */
  'GET /image-tracks': { answer: { items: Schemas['ImageTrack'][] } }
  /** Follow a tag of another registry: it is looked up at once and then every so often, and pulled when it has moved */
  'POST /image-tracks': { body: Schemas['TrackRequest']; answer: Schemas['ImageTrack'] }
  /** What a tag follows, and the digests that it stood for */
  'GET /image-tracks/{reference}': {
    path: {
      /** repository:tag, percent-encoded */
      reference: string
    }
    answer: Schemas['ImageHistory']
  }
  /** Follow no more; the image stays, the history goes */
  'DELETE /image-tracks/{reference}': {
    path: {
      /** repository:tag, percent-encoded */
      reference: string
    }
    answer: undefined
  }
  /** Images with all that refers to them, as a tar of an OCI image layout; it broke off unless it ends well */
  'GET /bundles/export': {
    query?: {
      /** repository:tag or repository@digest, again for more; by default every image with a tag */
      image?: string | string[]
      /** also the policies of trust of the configuration */
      policies?: string
    }
    answer: Response
  }
  /** Take in a bundle, all of it or nothing; policies in it are not applied */
  'POST /bundles/import': { body: Contents; answer: Response }
  /** All boot media, by id */
  'GET /media': { answer: { items: Schemas['Media'][] } }
  /** Take in an installer ISO */
  'POST /media/import': {
    query?: {
      /** what to call it; by default product, version and architecture */
      name?: string
    }
    body: Contents
    answer: Response
  }
  /** One boot medium: what it is, its files */
  'GET /media/{id}': { path: { id: string }; answer: Schemas['Media'] }
  /** Remove a boot medium and its files */
  'DELETE /media/{id}': {
    path: { id: string }
    query?: {
      /** also when profiles or machines name it */
      force?: 'true' | 'false'
    }
    answer: undefined
  }
  /** Read ISO and files again and compare them with what was imported */
  'POST /media/{id}/verify': { path: { id: string }; answer: Response }
  /** Boot stories of a machine, newest first */
  'GET /machines/{id}/trace': { path: { id: string }; answer: Schemas['Trace'] }
  /** Its DHCP and TFTP packets; they may hold what a story leaves out, so a viewer may not have them */
  'GET /machines/{id}/trace.pcap': { path: { id: string }; answer: Response }
  /** What arrived at all since the server started, and clients that are no machine */
  'GET /trace': { answer: Schemas['TraceOverview'] }
  /** Boot stories of a client that is no machine, or not yet */
  'GET /trace/{client}': { path: { client: string }; answer: Schemas['Trace'] }
  /** Its DHCP and TFTP packets */
  'GET /trace/{client}/trace.pcap': { path: { client: string }; answer: Response }
  /** Write a consistent copy of the database into the data folder, where only the server’s own host can read it */
  'POST /snapshots': { body: Schemas['SnapshotRequest']; answer: Response }
  /** Interfaces of the server, and who gives addresses there */
  'GET /network': { answer: Schemas['Network'] }
  /** Say who gives addresses, where nothing else does; the server starts anew with it */
  'PATCH /network': { body: Schemas['ChangeNetwork']; answer: Schemas['ChangedNetwork'] }
  /** Look for other DHCP servers, taken ports and a firewall in the way; takes some seconds, and changes nothing */
  'POST /network/check': { body: Schemas['NetworkQuestion']; answer: Schemas['NetworkFindings'] }
  /** Addresses, DHCP, warnings */
  'GET /system': { answer: Schemas['SystemInfo'] }
  /** DHCP leases and reservations */
  'GET /leases': { answer: { items: Schemas['Lease'][] } }
  /** Live events as server-sent events; goes on after the last one seen */
  'GET /events': {
    query?: {
      /** number of the last event seen; by default only new events are sent */
      after?: number | null
      machine?: string
      /** only these types; repeatable */
      type?:
        | 'machine.discovered'
        | 'machine.updated'
        | 'machine.state'
        | 'machine.facts'
        | 'machine.hardware'
        | 'machine.merged'
        | 'boot.dhcp'
        | 'boot.tftp'
        | 'boot.script'
        | 'boot.asset'
        | 'boot.refused'
        | 'boot.loop'
        | 'boot.loader'
        | 'install.created'
        | 'install.plan'
        | 'install.recovery-key'
        | 'install.erasing'
        | 'install.erased'
        | 'install.step'
        | 'install.progress'
        | 'install.log'
        | 'install.silent'
        | 'install.heard'
        | 'install.failed'
        | 'install.succeeded'
        | 'image.added'
        | 'image.removed'
        | 'image.evicted'
        | 'image.judged'
        | 'image.refused'
        | 'image.track'
        | 'media.imported'
        | 'media.removed'
        | 'profile.changed'
        | 'token.created'
        | 'token.revoked'
        | 'user.created'
        | 'user.changed'
        | 'user.removed'
        | 'login'
        | 'login.refused'
        | 'agent.refused'
        | 'dhcp.pool-exhausted'
        | 'dhcp.foreign-server'
        | 'dhcp.declined'
        | 'dhcp.mode'
        | 'dhcp.port-busy'
        | 'server.started'
        | 'server.restored'
        | 'server.warning'
        | 'webhook.delivered'
        | 'webhook.failed'
        | (
            | 'machine.discovered'
            | 'machine.updated'
            | 'machine.state'
            | 'machine.facts'
            | 'machine.hardware'
            | 'machine.merged'
            | 'boot.dhcp'
            | 'boot.tftp'
            | 'boot.script'
            | 'boot.asset'
            | 'boot.refused'
            | 'boot.loop'
            | 'boot.loader'
            | 'install.created'
            | 'install.plan'
            | 'install.recovery-key'
            | 'install.erasing'
            | 'install.erased'
            | 'install.step'
            | 'install.progress'
            | 'install.log'
            | 'install.silent'
            | 'install.heard'
            | 'install.failed'
            | 'install.succeeded'
            | 'image.added'
            | 'image.removed'
            | 'image.evicted'
            | 'image.judged'
            | 'image.refused'
            | 'image.track'
            | 'media.imported'
            | 'media.removed'
            | 'profile.changed'
            | 'token.created'
            | 'token.revoked'
            | 'user.created'
            | 'user.changed'
            | 'user.removed'
            | 'login'
            | 'login.refused'
            | 'agent.refused'
            | 'dhcp.pool-exhausted'
            | 'dhcp.foreign-server'
            | 'dhcp.declined'
            | 'dhcp.mode'
            | 'dhcp.port-busy'
            | 'server.started'
            | 'server.restored'
            | 'server.warning'
            | 'webhook.delivered'
            | 'webhook.failed'
          )[]
    }
    answer: Response
  }
}
