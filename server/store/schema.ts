// The tables as kysely sees them. Columns hold what SQLite can: JSON as text, times as ISO 8601, flags by their absence.
import type { Generated } from 'kysely'
import type { Role } from '../contract/access.ts'
import type { AuditResult } from '../contract/audit.ts'
import type { Architecture, Firmware } from '../contract/common.ts'
import type { EventType } from '../contract/event.ts'
import type { TrackedDigest } from '../contract/image-track.ts'
import type { InstallLayer } from '../contract/install-layers.ts'
import type { InstallState, InstallStep } from '../contract/install.ts'
import type { MachineState } from '../contract/machine.ts'
import type { LogLine } from '../core/install-store.ts'
import type { IdentityKind, MachineRecord } from '../core/machine-store.ts'
import type { TokenKind } from '../core/token-store.ts'
import type { WebhookDelivery } from '../contract/webhook.ts'

type Json = string
type Time = string

export interface Schema {
  machines: {
    id: string
    name: string
    state: MachineState
    origin: MachineRecord['origin']
    labels: Json
    own_spec: Json
    bmc: Json | null
    uuid: string | null
    serial: string | null
    product: string | null
    architecture: Architecture | null
    address: string | null
    generation: number
    running_digest: string | null
    last_seen_at: Time | null
    silent_since: Time | null
    ipxe_refused_at: Time | null
    created_at: Time
    firmware: Firmware | null
    image: Generated<string | null>
    revision: number
  }
  machine_labels: { key: string; value: string; machine_id: string }
  machine_facts: { machine_id: string; facts: Json }
  identities: { kind: IdentityKind; value: string; machine_id: string }
  machine_changes: { seq: Generated<number>; machine_id: string; at: Time; change: Json }
  profiles: { id: string; name: string; selector: Json; priority: number; spec: Json; revision: number }
  installs: {
    id: string
    machine_id: string
    generation: number
    state: InstallState
    image: string
    repository: string
    digest: string
    follow_reference: string
    spec: Json
    plan: Json | null
    failure: Json | null
    boot_id: string | null
    last_event: number
    confirmed_digest: string | null
    agent_peak_rss: number | null
    erasures: string
    recovery_key: string | null
    created_at: Time
    started_at: Time | null
    ended_at: Time | null
    trust: Json | null
  }
  install_steps: {
    install_id: string
    position: number
    name: InstallStep['name']
    state: InstallStep['state']
    started_at: Time | null
    ended_at: Time | null
    bytes: number
    total_bytes: number
    rate: number
    message: string
    sampled_at: Time | null
    sampled_bytes: number | null
  }
  install_layers: InstallLayer & { install_id: string; position: number }
  install_log: { install_id: string; seq: number; at: Time; level: LogLine['level']; text: string }
  events: {
    seq: Generated<number>
    at: Time
    type: EventType
    machine_id: string | null
    install_id: string | null
    actor: string
    message: string
    data: Json
    slot: string | null
  }
  tokens: {
    id: string
    kind: TokenKind
    hash: string
    name: string
    role: Role | null
    machine_id: string | null
    install_id: string | null
    generation: number | null
    boot_id: string | null
    parent_id: string | null
    created_at: Time
    expires_at: Time | null
    last_used_at: Time | null
    user_id: string | null
    scope: Json | null
  }
  users: {
    id: string
    name: string
    role: Role
    scope: Json | null
    password: string | null
    addresses: Json
    created_at: Time
    disabled_at: Time | null
    last_login_at: Time | null
    issuer: string | null
    subject: string | null
  }
  audit: {
    seq: Generated<number>
    at: Time
    actor: string
    role: Role | null
    address: string | null
    action: string
    target: string
    detail: string
    result: AuditResult
    code: string | null
    request_id: string | null
  }
  leases: { address: string; lease: Json }
  leases6: { address: string; lease: Json }
  dhcp6_server: { duid: string }
  traces: { client: string; format: number; heard_at: number; entries: Uint8Array }
  image_tags: { repository: string; tag: string; digest: string; media_type: string; added_at: Time }
  image_manifests: {
    repository: string
    digest: string
    media_type: string
    size: number | null
    added_at: Time | null
    subject: string | null
    artifact_type: string | null
    annotations: Json | null
  }
  image_blobs: { repository: string; digest: string; size: number; added_at: Time }
  image_links: { repository: string; parent: string; child: string }
  image_layers: { digest: string; reader: number; file_time: number; facts: Json }
  image_uses: { repository: string; digest: string; used_at: Time }
  layer_variants: { layer: string; digest: string; size: number; made_at: Time }
  image_verdicts: { repository: string; digest: string; verdict: Json }
  image_tracks: {
    repository: string
    tag: string
    request: Json
    every: string
    checked_at: Time | null
    next_at: Time
    problem: Json | null
  }
  image_history: {
    seq: Generated<number>
    repository: string
    tag: string
    digest: string
    at: Time
    outcome: TrackedDigest['outcome']
    message: string
  }
  media: { id: string; record: Json }
  answers: { key: string; request: string; status: number; body: string; at: Time }
  webhook_deliveries: {
    seq: Generated<number>
    event_seq: number
    event_type: WebhookDelivery['event']
    machine_id: string
    install_id: string
    url: string
    state: WebhookDelivery['state']
    attempts: number
    status: number | null
    trouble: string | null
    replayed_by: string | null
    created_at: Time
    settled_at: Time | null
  }
}
