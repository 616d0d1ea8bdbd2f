// `node test/fuzz/run.ts [TARGET]... [--inputs N] [--seed S]`: the long version of the fuzz tests; one JSON object per target.
import { parseArgs } from 'node:util'
import { api } from './api.ts'
import { campaign } from './campaign.ts'
import type { FuzzTarget } from './campaign.ts'
import { dhcp } from './dhcp.ts'
import { dhcp6 } from './dhcp6.ts'
import { http } from './http.ts'
import { tftp } from './tftp.ts'

const TARGETS: readonly FuzzTarget[] = [tftp, http, api, dhcp, dhcp6]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name))
const [given, seed] = [Number(values.inputs ?? 0), Number(values.seed)]
if (unknown.length > 0 || !Number.isSafeInteger(given) || !Number.isSafeInteger(seed)) {
  console.error(
    `usage: node test/fuzz/run.ts [${TARGETS.map(({ name }) => name).join('|')}]... [--inputs N] [--seed S]`,
  )
  process.exit(2)
}
for (const target of TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const inputs = given || (target.inputs ?? 1_000_000)
  console.error(`${target.name}: ${inputs} inputs, seed ${seed}`)
  const onTenth = (fired: number) => console.error(`${target.name}: ${fired} fired`)
  const report = await campaign(target, { inputs, seed, onTenth })
  console.log(JSON.stringify(report))
  if (report.problems.length > 0) process.exitCode = 1
}
