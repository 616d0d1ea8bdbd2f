import { expect, it } from 'vitest'
import type { ImageLayer } from '../../../boot-assets/agent/ostree/image-layers.ts'
import { LayerLedger } from '../../../boot-assets/agent/ostree/layer-ledger.ts'
import { LayersReport } from '../../../server/contract/install-layers.ts'

const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`
const layer = (n: number, size = 100): ImageLayer => ({
  descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest(n), size },
  diffId: digest(n + 1000),
  role: 'derived',
})
const progress = (bytes: number, source: string | null = 'landfall:8443') => ({ bytes, files: 1, source })

it('tells the table of all layers once, each blob once, and then what changed', () => {
  const ledger = new LayerLedger([layer(1), layer(2), layer(1), layer(3)], new Set([digest(2)]))
  expect(LayersReport.parse(ledger.take())).toEqual({
    table: [1, 2, 3].map((n) => ({ digest: digest(n), size: 100 })),
    changes: [{ index: 1, state: 'reused', bytes: 0, source: 'disk' }],
  })
  ledger.update(digest(3), 'streaming', progress(0, null))
  ledger.update(digest(3), 'streaming', progress(40))
  ledger.update(digest(1), 'done', progress(100))
  expect(ledger.take()).toEqual({
    changes: [
      { index: 2, state: 'streaming', bytes: 40, source: 'landfall:8443' },
      { index: 0, state: 'done', bytes: 100, source: 'landfall:8443' },
    ],
  })
  expect(ledger.take()).toEqual({ changes: [] })
})

it('counts what has to come', () => {
  const ledger = new LayerLedger([layer(1, 100), layer(2, 50), layer(3, 25)], new Set([digest(1)]))
  ledger.update(digest(2), 'done', progress(50))
  ledger.update(digest(3), 'streaming', progress(5))
  expect(ledger.sum()).toEqual({ bytes: 55, totalBytes: 75, files: 2, layers: 1, totalLayers: 2 })
})

it('stays cheap for an image of very many layers', () => {
  const layers = Array.from({ length: 400 }, (_, n) => layer(n))
  const ledger = new LayerLedger(layers, new Set())
  expect(JSON.stringify(ledger.take()).length).toBeLessThan(50_000)
  for (const n of [7, 8, 9]) ledger.update(digest(n), 'streaming', progress(10))
  expect(JSON.stringify(ledger.take()).length).toBeLessThan(300)
})
