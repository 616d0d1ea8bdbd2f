// What the machine told about itself from inside the installer.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Card, CardBody, CardTitle, Content, Grid, GridItem, Label } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { DiskFacts, Facts as MachineFacts, NicFacts } from '../../../../server/contract/facts.ts'
import { Facts } from '../../ui/Facts.tsx'
import { formatMemory } from '../../ui/format.ts'
import { FactHistory } from './FactHistory.tsx'

export function HardwareCard({ machineId, facts }: { machineId: string; facts: MachineFacts | null }) {
  return (
    <Card>
      <CardTitle component="h2">Hardware</CardTitle>
      <CardBody>
        {facts === null ? (
          <p className="lf-subtle">Nothing is known yet: the machine tells when it starts the installer.</p>
        ) : (
          <Grid hasGutter>
            <GridItem span={12} lg={4}>
              <Overview facts={facts} />
            </GridItem>
            <GridItem span={12} lg={8}>
              <Disks disks={facts.disks} />
              <Nics nics={facts.nics} />
              <FactHistory machineId={machineId} />
            </GridItem>
          </Grid>
        )}
      </CardBody>
    </Card>
  )
}

function Overview({ facts }: { facts: MachineFacts }) {
  const { smbios, cpu, memoryBytes, firmware, secureBoot, tpm, architecture, installer, collectedAt } = facts
  return (
    <Facts
      label="Hardware overview"
      facts={[
        ['Product', [smbios.vendor, smbios.product].filter(Boolean).join(' ') || undefined],
        ['Serial', smbios.serial],
        ['Processor', `${cpu.model}, ${cpu.sockets} × ${cpu.cores / cpu.sockets} cores, ${cpu.threads} threads`],
        ['Memory', formatMemory(memoryBytes)],
        [
          'Firmware',
          `${firmware === 'uefi' ? 'UEFI' : 'BIOS'}${smbios.biosVersion ? `, version ${smbios.biosVersion}` : ''}`,
        ],
        ['Secure Boot', secureBoot ? 'on' : 'off'],
        ['TPM', tpm ?? 'none'],
        ['Architecture', architecture],
        ['Installer', `${installer.version}, kernel ${installer.kernel}`],
        ['Told at', new Date(collectedAt).toLocaleString()],
      ]}
    />
  )
}

function Disks({ disks }: { disks: readonly DiskFacts[] }) {
  return (
    <Table aria-label="Disks" variant="compact">
      <Thead>
        <Tr>
          <Th>Disk</Th>
          <Th>Size</Th>
          <Th>Model</Th>
          <Th>Serial</Th>
          <Th>Kind</Th>
          <Th modifier="nowrap">Holds now</Th>
        </Tr>
      </Thead>
      <Tbody>
        {disks.map(({ name, size, model, vendor, serial, transport, rotational, signatures, blocked }) => (
          <Tr key={name}>
            <Td dataLabel="Disk" className="lf-mono">
              {name}
            </Td>
            <Td dataLabel="Size" className="lf-nowrap">
              {formatBytes(size)}
            </Td>
            <Td dataLabel="Model">{[vendor, model].filter(Boolean).join(' ')}</Td>
            <Td dataLabel="Serial" className="lf-mono">
              {serial}
            </Td>
            <Td dataLabel="Kind">
              {transport}, {rotational ? 'rotating' : 'solid state'}
            </Td>
            <Td dataLabel="Holds now">
              {blocked === undefined ? (
                signatures.join(', ') || 'nothing'
              ) : (
                <Label color="orange">not usable: {blocked}</Label>
              )}
            </Td>
          </Tr>
        ))}
        {disks.length === 0 && (
          <Tr>
            <Td colSpan={6}>No disk was found.</Td>
          </Tr>
        )}
      </Tbody>
    </Table>
  )
}

function Nics({ nics }: { nics: readonly NicFacts[] }) {
  return (
    <Table aria-label="Network interfaces" variant="compact">
      <Thead>
        <Tr>
          <Th modifier="nowrap">Interface</Th>
          <Th>MAC</Th>
          <Th>Link</Th>
          <Th>Driver</Th>
          <Th>Addresses</Th>
        </Tr>
      </Thead>
      <Tbody>
        {nics.map(({ name, mac, link, speedMbps, driver, addresses, boot }) => (
          <Tr key={name}>
            <Td dataLabel="Interface">
              {name} {boot && <Content component="small">booted</Content>}
            </Td>
            <Td dataLabel="MAC" className="lf-mono lf-nowrap">
              {mac}
            </Td>
            <Td dataLabel="Link">{link ? `up${speedMbps === undefined ? '' : `, ${speedMbps} Mbit/s`}` : 'down'}</Td>
            <Td dataLabel="Driver">{driver}</Td>
            <Td dataLabel="Addresses" className="lf-mono">
              {addresses.join(', ')}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
