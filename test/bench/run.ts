// `npm run bench -- NAME...`: results as JSON lines on standard output, everything else on standard error.
import { coalesce } from './coalesce.ts'
import { deploy } from './deploy.ts'
import { dhcp } from './dhcp.ts'
import { idle } from './idle.ts'
import { inventory } from './inventory.ts'
import { iso } from './iso.ts'
import { registry } from './registry.ts'
import { resultLine } from './result.ts'
import type { Bench } from './result.ts'
import { size } from './size.ts'
import { storm } from './storm.ts'
import { tftp } from './tftp.ts'

const BENCHES: readonly Bench[] = [size, idle, inventory, iso, dhcp, tftp, storm, deploy, registry, coalesce]

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => name !== 'all' && !BENCHES.some((bench) => bench.name === name))
  if (names.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) console.error(`there is no benchmark ${unknown.join(', ')}`)
    console.error('usage: npm run bench -- NAME...\n  all       every one of these:')
    for (const { name, about } of BENCHES) console.error(`  ${name.padEnd(9)} ${about}`)
    return 2
  }
  const chosen = BENCHES.filter(({ name }) => names.includes('all') || names.includes(name))
  for (const bench of chosen) {
    const results = await bench.run((line) => console.error(`${bench.name}: ${line}`))
    for (const result of results) console.log(resultLine(bench.name, result))
  }
  return 0
}

process.exitCode = await main(process.argv.slice(2))
