// A process that writes until it is killed: test/server/store/recovery.test.ts reads what it says it has written.
// `node writer.ts FILE`: prints a line after each acknowledged write.
import { writeSync } from 'node:fs'
import { systemClock } from '../../../server/core/clock.ts'
import { testCore } from '../../helpers/store-fakes.ts'

const core = testCore({ file: process.argv[2]!, clock: { ...systemClock, advance: () => undefined } })
for (let n = 0; ; n += 1) {
  const mac = `52:54:00:${hex(n >> 16)}:${hex(n >> 8)}:${hex(n)}`
  const { id } = core.inventory.discover({ mac })
  const address = `10.0.${(n >> 8) & 255}.${n & 255}`
  core.store.leases.put([{ address, key: mac, mac, state: 'bound', start: n, end: n }])
  const token = core.tokens.issueInstallToken(id, 0)
  // Straight to the descriptor: a buffered line would be lost with the process.
  writeSync(1, `${JSON.stringify({ n, id, mac, token, seq: core.events.last() })}\n`)
}

function hex(value: number): string {
  return (value & 255).toString(16).padStart(2, '0')
}
