// All migrations in order: the database's version is how many of them it has seen. Released ones never change.
import { initial } from './0001-initial.ts'
import { media } from './0002-media.ts'
import { ipxeRefused } from './0003-ipxe-refused.ts'
import { dhcp6 } from './0004-dhcp6.ts'
import { traces } from './0005-traces.ts'
import { registry } from './0006-registry.ts'
import { trust } from './0007-trust.ts'
import { recoveryKey } from './0008-recovery-key.ts'
import { inventory } from './0009-inventory.ts'
import { imageTracks } from './0010-image-tracks.ts'
import { overview } from './0011-overview.ts'
import { people } from './0012-people.ts'
import { layers } from './0013-layers.ts'
import { imageUses } from './0014-image-uses.ts'
import { layerVariants } from './0015-layer-variants.ts'
import { oidc } from './0017-oidc.ts'
import { revisions } from './0018-revisions.ts'
import { layersAndChanges } from './0019-layers-and-changes.ts'
import { webhookDeliveries } from './0020-webhook-deliveries.ts'
import { erasures } from './0022-erasures.ts'
import { historyByKind } from './0023-history-by-kind.ts'
import { bmc } from './0024-bmc.ts'
import { silence } from './0025-silence.ts'

export const migrations: readonly string[] = [
  initial,
  media,
  ipxeRefused,
  dhcp6,
  traces,
  registry,
  trust,
  recoveryKey,
  inventory,
  imageTracks,
  overview,
  people,
  layers,
  imageUses,
  layerVariants,
  oidc,
  revisions,
  layersAndChanges,
  webhookDeliveries,
  erasures,
  historyByKind,
  bmc,
  silence,
]
