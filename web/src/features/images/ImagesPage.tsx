// The image store: what machines can become.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { trustSentence, trustWord } from '../../../../server/contract/trust-text.ts'
import {
  Alert,
  Button,
  Content,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Label,
  PageSection,
  Title,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core'
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import type { Image } from '../../../../server/contract/image.ts'
import { useImages, useRemoveImage } from '../../api/queries.ts'
import { Ago } from '../../ui/Ago.tsx'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { Digest } from '../../ui/Digest.tsx'
import { TrustLabel } from '../../ui/TrustLabel.tsx'
import { useTitle } from '../../ui/title.ts'
import { Loaded } from '../../ui/Trouble.tsx'
import { ArrivalLabel } from './ArrivalLabel.tsx'
import { Bundle } from './Bundle.tsx'
import { BundleDialog } from './BundleDialog.tsx'
import { Difference } from './Difference.tsx'
import { FollowLabel } from './FollowLabel.tsx'
import { Inspection } from './Inspection.tsx'
import { PullDialog } from './PullDialog.tsx'
import { Room } from './Room.tsx'

export function ImagesPage() {
  useTitle('Images')
  const result = useImages()
  const [pulling, setPulling] = useState(false)
  const [takingIn, setTakingIn] = useState(false)
  const [takenIn, setTakenIn] = useState<string[]>()
  const [removing, setRemoving] = useState<Image>()
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Images</Title>
      </PageSection>
      <PageSection isFilled>
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem>
              <Button onClick={() => setPulling(true)}>Pull image</Button>
            </ToolbarItem>
            <ToolbarItem>
              <Button variant="secondary" onClick={() => setTakingIn(true)}>
                Import bundle
              </Button>
            </ToolbarItem>
            <ToolbarItem alignSelf="center">
              <Content component="small">
                From a folder or archive: <code>landfall image import PATH --as os/web</code>
              </Content>
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        {takenIn && (
          <Alert component="h2" isInline isPlain variant="success" title={`Imported: ${takenIn.join(', ')}`} />
        )}
        <Room />
        <Loaded result={result} what="images">
          {(images) =>
            images.length > 0 ? (
              <>
                <Unchecked images={images} />
                <ImageTable images={images} onRemove={setRemoving} />
                <Bundle />
              </>
            ) : (
              <NoImages onPull={() => setPulling(true)} />
            )
          }
        </Loaded>
      </PageSection>
      {takingIn && (
        <BundleDialog
          onClose={() => setTakingIn(false)}
          onDone={(references) => {
            setTakingIn(false)
            setTakenIn(references)
          }}
        />
      )}
      {pulling && <PullDialog onClose={() => setPulling(false)} />}
      {removing && <RemoveDialog image={removing} onClose={() => setRemoving(undefined)} />}
    </>
  )
}

function Unchecked({ images }: { images: readonly Image[] }) {
  const count = images.filter(({ platforms }) => platforms.some(({ trust }) => trustWord(trust) === 'unchecked')).length
  if (count === 0) return null
  const title =
    count === 1 ? 'Nobody checks who made one of these images' : `Nobody checks who made ${count} of these images`
  return (
    <Alert component="p" isInline isPlain variant="warning" title={title}>
      Policies in the configuration (<code>trust.policies</code>) say whose signature an image needs.
    </Alert>
  )
}

function ImageTable({ images, onRemove }: { images: readonly Image[]; onRemove: (image: Image) => void }) {
  const [open, setOpen] = useState<string>()
  return (
    <Table aria-label="Images" variant="compact">
      <Thead>
        <Tr>
          <Th screenReaderText="Details" />
          <Th>Image</Th>
          <Th>Digest</Th>
          <Th modifier="fitContent">Architecture</Th>
          <Th>Size</Th>
          <Th modifier="fitContent">Bootable</Th>
          <Th>Trust</Th>
          <Th modifier="fitContent">Machines</Th>
          <Th>Added</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      {images.map((image, rowIndex) => {
        const { reference, digest, platforms, machines, addedAt, follows } = image
        const isExpanded = open === reference
        return (
          <Tbody key={reference} isExpanded={isExpanded}>
            <Tr>
              <Td
                expand={{
                  rowIndex,
                  isExpanded,
                  onToggle: () => setOpen(isExpanded ? undefined : reference),
                  expandId: 'details-of-image',
                }}
              />
              <Td dataLabel="Image">
                {reference} <FollowLabel track={follows} /> <ArrivalLabel platforms={platforms} />
              </Td>
              <Td dataLabel="Digest">
                <Digest digest={digest} />
              </Td>
              <Td dataLabel="Architecture">
                {platforms.map(({ architecture }) => architecture).join(', ') || <Label color="red">damaged</Label>}
              </Td>
              <Td dataLabel="Size" className="lf-nowrap">
                {formatBytes(Math.max(0, ...platforms.map(({ size }) => size)))}
              </Td>
              <Td dataLabel="Bootable">{platforms.some(({ bootable }) => bootable) ? 'yes' : 'no'}</Td>
              <Td dataLabel="Trust">
                {platforms.map(({ digest, trust }) => (
                  <TrustLabel key={digest} verdict={trust} />
                ))}
              </Td>
              <Td dataLabel="Machines">{machines}</Td>
              <Td dataLabel="Added">
                <Ago time={addedAt} />
              </Td>
              <Td isActionCell>
                <Button variant="link" isInline aria-label={`Remove ${reference}`} onClick={() => onRemove(image)}>
                  Remove
                </Button>
              </Td>
            </Tr>
            <Tr isExpanded={isExpanded}>
              <Td colSpan={10}>
                <ExpandableRowContent>
                  {isExpanded && <Details image={image} others={images.filter((other) => other !== image)} />}
                </ExpandableRowContent>
              </Td>
            </Tr>
          </Tbody>
        )
      })}
    </Table>
  )
}

function Details({ image, others }: { image: Image; others: readonly Image[] }) {
  return (
    <>
      <Inspection reference={image.reference} />
      <Difference image={image} others={others} />
      <Layers image={image} />
    </>
  )
}

function Layers({ image: { digest, platforms } }: { image: Image }) {
  return (
    <>
      <Digest digest={digest} whole />
      {platforms.map(({ architecture, trust }) => (
        <Content key={architecture} component="p">
          {trust ? `${architecture}: ${trustWord(trust)}: ${trustSentence(trust)}` : null}
        </Content>
      ))}
      {platforms.map(({ architecture, layers, digest: platformDigest }) => (
        <Table key={platformDigest} aria-label={`Layers for ${architecture}`} variant="compact" borders={false}>
          <Thead>
            <Tr>
              <Th>Layer for {architecture}</Th>
              <Th>Type</Th>
              <Th>Size</Th>
            </Tr>
          </Thead>
          <Tbody>
            {layers.map((layer, at) => (
              <Tr key={`${at} ${layer.digest}`}>
                <Td dataLabel="Layer">
                  <Digest digest={layer.digest} />
                </Td>
                <Td dataLabel="Type">{layer.mediaType.replace(/^.*\./, '')}</Td>
                <Td dataLabel="Size">{formatBytes(layer.size)}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      ))}
    </>
  )
}

function RemoveDialog({ image: { reference, machines }, onClose }: { image: Image; onClose: () => void }) {
  const { mutate, error, isPending } = useRemoveImage()
  return (
    <ConfirmDialog
      title={`Remove ${reference}`}
      action="Remove"
      isBusy={isPending}
      error={error}
      onConfirm={() => mutate(reference, { onSuccess: onClose })}
      onClose={onClose}
    >
      {machines > 0
        ? `${machines} ${machines === 1 ? 'machine wants' : 'machines want'} this image: they can no longer be installed with it by this name.`
        : 'No machine wants this image.'}
    </ConfirmDialog>
  )
}

function NoImages({ onPull }: { onPull: () => void }) {
  return (
    <EmptyState titleText="No images yet" headingLevel="h2">
      <EmptyStateBody>
        Machines become bootable container images. Pull one from a registry, or bring a folder or archive in with{' '}
        <code>landfall image import PATH --as os/web</code>.
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="secondary" onClick={onPull}>
            Pull an image
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  )
}
