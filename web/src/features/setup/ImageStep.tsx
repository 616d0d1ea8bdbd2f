// The first image: pulled, pushed or brought in.

import { Button, ClipboardCopy, Content } from '@patternfly/react-core'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { useImages, useSystem } from '../../api/queries.ts'
import { Onward } from './Onward.tsx'
import { StepForm } from './StepForm.tsx'

export function ImageStep({ pullDialog }: { pullDialog: (onClose: () => void) => ReactNode }) {
  const { data: images = [] } = useImages()
  const { data: system } = useSystem()
  const [isPulling, setPulling] = useState(false)
  const [first] = images
  const registry = system?.registry ?? ''
  const ways = [
    {
      title: 'Push one from where it was built, as the administrator; the first two lines once',
      commands: [
        `sudo curl --create-dirs -o /etc/containers/certs.d/${registry}/ca.crt ${system?.httpUrl}/boot/ca.pem`,
        `podman login ${registry}`,
        `podman push os/web ${registry}/os/web:stable`,
      ],
    },
    { title: 'From a folder or an archive', commands: ['landfall image import PATH --as os/web:stable'] },
  ]
  return (
    <StepForm>
      <Content component="p">
        {first
          ? `${first.reference} is here${images.length > 1 ? `, and ${images.length - 1} more` : ''}: machines can become it.`
          : 'Machines become a bootable container image. This page notices by itself when one arrives.'}
      </Content>
      {ways.map(({ title, commands }) => (
        <div key={title} className="lf-list">
          <Content component="p">{title}:</Content>
          {commands.map((command) => (
            <ClipboardCopy
              key={command}
              isReadOnly
              isCode
              hoverTip="Copy"
              clickTip="Copied"
              textAriaLabel={`Command: ${command}`}
            >
              {command}
            </ClipboardCopy>
          ))}
        </div>
      ))}
      <Onward to="machine" isMain={first !== undefined}>
        <Button variant={first ? 'secondary' : 'primary'} onClick={() => setPulling(true)}>
          Pull an image from a registry
        </Button>
      </Onward>
      {isPulling && pullDialog(() => setPulling(false))}
    </StepForm>
  )
}
