// A field for a file of the person's own.

import { FileUpload, FormGroup } from '@patternfly/react-core'

interface FileFieldProps {
  id: string
  /** Of the file that was chosen. */
  name: string | undefined
  /** What kind of file is wanted. */
  placeholder: string
  onChoose: (file: File) => void
  onClear: () => void
  isDisabled?: boolean
}

export function FileField({ id, name, placeholder, onChoose, onClear, isDisabled = false }: FileFieldProps) {
  return (
    <FormGroup label="File" fieldId={id} isRequired>
      <FileUpload
        id={id}
        hideDefaultPreview
        filename={name ?? ''}
        filenamePlaceholder={placeholder}
        browseButtonText="Choose"
        isDisabled={isDisabled}
        isClearButtonDisabled={name === undefined || isDisabled}
        onFileInputChange={(_, file) => onChoose(file)}
        onClearClick={onClear}
      />
    </FormGroup>
  )
}
