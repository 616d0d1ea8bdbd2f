// Puts machines under a profile. Profiles choose machines by labels, so that is what the machines get.

import { Content, FormGroup, FormSelect, FormSelectOption } from '@patternfly/react-core'
import { useState } from 'react'
import { useProfiles } from '../../api/queries.ts'
import { Loaded } from '../../ui/Trouble.tsx'
import type { ActionProps } from './actions.ts'
import { BulkDialog } from './BulkDialog.tsx'
import { LabelList } from './LabelList.tsx'
import { countText } from './selection.ts'

export function ProfileDialog({ target, onClose, onDone }: ActionProps) {
  const profiles = useProfiles()
  const [name, setName] = useState('')
  const chosen = profiles.data?.find((profile) => profile.name === name)
  const count = countText(target.count)
  return (
    <BulkDialog
      title={`Put ${count} under a profile`}
      verb="Apply profile"
      target={target}
      action={chosen && { type: 'label', set: chosen.selector, remove: [] }}
      onClose={onClose}
      onDone={() => onDone(`Profile ${name} applies to ${count} now`)}
    >
      <Loaded result={profiles} what="profiles">
        {(list) => {
          // One without a selector is every machine's already.
          const choices = list.filter(({ selector }) => Object.keys(selector).length > 0)
          return choices.length === 0 ? (
            <Content component="p">
              There is no profile with labels to choose machines by: <code>landfall profile create</code> makes one.
            </Content>
          ) : (
            <FormGroup label="Profile" fieldId="profile-name" isRequired>
              <FormSelect id="profile-name" value={name} onChange={(_, value) => setName(value)} isRequired>
                <FormSelectOption value="" label="Choose a profile" isPlaceholder isDisabled />
                {choices.map((profile) => (
                  <FormSelectOption key={profile.id} value={profile.name} label={profile.name} />
                ))}
              </FormSelect>
            </FormGroup>
          )
        }}
      </Loaded>
      {chosen && (
        <Content component="p">
          Each machine gets <LabelList labels={chosen.selector} /> Its next install follows the profile, but for what is
          set on the machine itself.
        </Content>
      )}
    </BulkDialog>
  )
}
