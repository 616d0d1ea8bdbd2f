import { createClient, LandfallError } from 'landfall/client'

const landfall = createClient({ url: 'https://landfall.example:8443', token: process.env['LANDFALL_TOKEN']! })

for await (const machine of landfall.items('GET /machines', { query: { state: ['failed'], label: ['rack=r12'] } })) {
  console.log(machine.name, machine.failure?.code)
}

try {
  await landfall('POST /machines/bulk', {
    body: { filter: { label: ['rack=r12'] }, expected: 40, action: { type: 'assign', image: 'os/web:stable' } },
    header: { 'idempotency-key': 'order-4711' },
  })
} catch (error) {
  if (!(error instanceof LandfallError)) throw error
  console.error(error.code, error.message, error.hint)
}
