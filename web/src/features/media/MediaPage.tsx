// Boot media: the installer ISOs that machines boot Anaconda from.

import {
  Alert,
  Button,
  Content,
  EmptyState,
  EmptyStateBody,
  Label,
  PageSection,
  Title,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core'
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import type { Media } from '../../../../server/contract/media.ts'
import { useMedia, useRemoveMedia } from '../../api/queries.ts'
import { Ago } from '../../ui/Ago.tsx'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { Digest } from '../../ui/Digest.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { useTitle } from '../../ui/title.ts'
import { Loaded } from '../../ui/Trouble.tsx'

const COMMAND = 'landfall media import boot.iso'

export function MediaPage() {
  useTitle('Boot media')
  const result = useMedia()
  const [removing, setRemoving] = useState<Media>()
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Boot media</Title>
      </PageSection>
      <PageSection isFilled>
        <Loaded result={result} what="boot media">
          {(media) => (media.length > 0 ? <MediaList media={media} onRemove={setRemoving} /> : <NoMedia />)}
        </Loaded>
      </PageSection>
      {removing && <RemoveDialog medium={removing} onClose={() => setRemoving(undefined)} />}
    </>
  )
}

function MediaList({ media, onRemove }: { media: readonly Media[]; onRemove: (medium: Media) => void }) {
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <Content component="small">
              Another one: <code>{COMMAND}</code>
            </Content>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <MediaTable media={media} onRemove={onRemove} />
    </>
  )
}

function MediaTable({ media, onRemove }: { media: readonly Media[]; onRemove: (medium: Media) => void }) {
  const [open, setOpen] = useState<string>()
  return (
    <Table aria-label="Boot media" variant="compact">
      <Thead>
        <Tr>
          <Th screenReaderText="Details" />
          <Th>Name</Th>
          <Th>Product</Th>
          <Th modifier="nowrap">Kickstart</Th>
          <Th modifier="nowrap">Architecture</Th>
          <Th>Size</Th>
          <Th modifier="nowrap">Checksum</Th>
          <Th modifier="nowrap">Used by</Th>
          <Th modifier="nowrap">Imported</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      {media.map((medium, rowIndex) => {
        const { id, name, product, version, release, architecture, sizeBytes, checksum, users, importedAt, warnings } =
          medium
        const isExpanded = open === id
        return (
          <Tbody key={id} isExpanded={isExpanded}>
            <Tr>
              <Td
                expand={{
                  rowIndex,
                  isExpanded,
                  onToggle: () => setOpen(isExpanded ? undefined : id),
                  expandId: 'details-of-medium',
                }}
              />
              <Td dataLabel="Name">
                {name} {warnings.length > 0 && <Label color="orange">see details</Label>}
              </Td>
              <Td dataLabel="Product">
                {product} {version}
              </Td>
              <Td dataLabel="Kickstart">{release}</Td>
              <Td dataLabel="Architecture">{architecture}</Td>
              <Td dataLabel="Size" className="lf-nowrap">
                {formatBytes(sizeBytes)}
              </Td>
              <Td dataLabel="Checksum">
                <Checksum checksum={checksum} />
              </Td>
              <Td dataLabel="Used by">{users}</Td>
              <Td dataLabel="Imported">
                <Ago time={importedAt} />
              </Td>
              <Td isActionCell>
                <Button variant="link" isInline aria-label={`Remove ${name}`} onClick={() => onRemove(medium)}>
                  Remove
                </Button>
              </Td>
            </Tr>
            <Tr isExpanded={isExpanded}>
              <Td colSpan={10}>
                <ExpandableRowContent>{isExpanded && <Details medium={medium} />}</ExpandableRowContent>
              </Td>
            </Tr>
          </Tbody>
        )
      })}
    </Table>
  )
}

function Checksum({ checksum }: { checksum: Media['checksum'] }) {
  return checksum === 'verified' ? <Label color="green">verified</Label> : <Label color="grey">none in the ISO</Label>
}

function Details({ medium: { id, volumeId, digest, boot, files, warnings } }: { medium: Media }) {
  return (
    <>
      {warnings.map((warning) => (
        <Alert component="p" key={warning} isInline isPlain variant="warning" title={warning} />
      ))}
      <Facts
        label="Details"
        facts={[
          ['Id', id],
          ['Volume', volumeId],
          ['SHA-256', <Digest key="digest" digest={digest} whole />],
          ['Kernel', boot.kernel],
          ['Initramfs', boot.initrd],
          ['Stage 2', boot.stage2],
          ['Loaders', [boot.shim, boot.grub].filter((path) => path !== null).join(', ') || 'none'],
          ['Files', `${files.length}, ${formatBytes(files.reduce((sum, { size }) => sum + size, 0))}`],
        ]}
      />
    </>
  )
}

function RemoveDialog({ medium: { id, name, users }, onClose }: { medium: Media; onClose: () => void }) {
  const { mutate, error, isPending } = useRemoveMedia()
  return (
    <ConfirmDialog
      title={`Remove ${name}`}
      action="Remove"
      isBusy={isPending}
      error={error}
      onConfirm={() => mutate({ id, force: users > 0 }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {users > 0
        ? `${users} ${users === 1 ? 'profile or machine names' : 'profiles and machines name'} this medium: they can no longer be installed from it.`
        : 'The ISO and all files taken from it are deleted. No profile or machine names it.'}
    </ConfirmDialog>
  )
}

function NoMedia() {
  return (
    <EmptyState titleText="No boot media yet" headingLevel="h2">
      <EmptyStateBody>
        To install by kickstart, machines boot the installer of Fedora, RHEL, CentOS Stream, AlmaLinux or Rocky Linux.
        Bring its boot ISO in with <code>{COMMAND}</code>.
      </EmptyStateBody>
    </EmptyState>
  )
}
