// Takes in an inventory kept elsewhere: shows what would come of each row before anything is done.

import { Alert, Content, FormGroup, FormSelect, FormSelectOption, Label } from '@patternfly/react-core'
import type { LabelProps } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import type { ApplyOutcome, ExchangeFormat, ImportResult } from '../../../../server/contract/document.ts'
import { useImportMachines } from '../../api/queries.ts'
import { FileField } from '../../ui/FileField.tsx'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { changeText, countOutcomes, FORMAT_NAMES, formatOf, outcomesText, rowsText } from './import-file.ts'
import { countText } from './selection.ts'

/** Refused rows come first; the file itself has them all. */
const SHOWN = 100

const COLOURS: Record<ApplyOutcome, NonNullable<LabelProps['color']>> = {
  created: 'green',
  changed: 'blue',
  unchanged: 'grey',
  refused: 'red',
}

export function ImportDialog({ onClose, onDone }: { onClose: () => void; onDone: (notice: string) => void }) {
  const [file, setFile] = useState<{ name: string; text: string }>()
  const [format, setFormat] = useState<ExchangeFormat>('csv')
  const { mutate, reset, data: preview, error, isPending } = useImportMachines()
  const look = (text: string, as: ExchangeFormat): void => mutate({ format: as, text, dryRun: true })
  const counts = preview && countOutcomes(preview.results)
  const count = counts ? counts.created + counts.changed : 0

  const choose = async (chosen: File): Promise<void> => {
    const text = await chosen.text()
    const as = formatOf(chosen.name)
    setFile({ name: chosen.name, text })
    setFormat(as)
    look(text, as)
  }
  const takeIn = (): void =>
    mutate(
      { format, text: file!.text, skipRefused: true },
      { onSuccess: ({ results, applied }) => applied && onDone(`Imported: ${outcomesText(countOutcomes(results))}`) },
    )

  return (
    <FormDialog
      title="Import machines"
      description="Rows are matched by name and MAC. What they do not name stays as it is."
      action={count === 0 ? 'Import' : `Import ${countText(count)}`}
      isComplete={count > 0}
      isBusy={isPending}
      error={error}
      refusal="Nothing was imported"
      isLarge
      onSubmit={takeIn}
      onClose={onClose}
    >
      <FileField
        id="import-file"
        name={file?.name}
        placeholder="CSV, YAML, or devices of NetBox"
        onChoose={(chosen) => void choose(chosen)}
        onClear={() => {
          setFile(undefined)
          reset()
        }}
      />
      <FormGroup label="Format" fieldId="import-format">
        <FormSelect
          id="import-format"
          value={format}
          onChange={(_, value) => {
            setFormat(value as ExchangeFormat)
            if (file) look(file.text, value as ExchangeFormat)
          }}
        >
          {Object.entries(FORMAT_NAMES).map(([value, label]) => (
            <FormSelectOption key={value} value={value} label={label} />
          ))}
        </FormSelect>
      </FormGroup>
      {preview && counts && (
        <>
          {counts.refused > 0 && (
            <Alert component="h2" isInline variant="warning" title={`${rowsText(counts.refused)} cannot be imported`}>
              Mend the file and choose it again, or import the other rows.
            </Alert>
          )}
          <p>What would come of it: {outcomesText(counts)}.</p>
          <Preview results={preview.results} />
        </>
      )}
    </FormDialog>
  )
}

function Preview({ results }: Pick<ImportResult, 'results'>) {
  const isRefused = ({ outcome }: ImportResult['results'][number]): boolean => outcome === 'refused'
  const rows = [...results.filter(isRefused), ...results.filter((row) => !isRefused(row))]
  return (
    <>
      <Table aria-label="What would come of each row" variant="compact">
        <Thead>
          <Tr>
            <Th modifier="fitContent">Row</Th>
            <Th modifier="fitContent">Machine</Th>
            <Th modifier="fitContent">Result</Th>
            <Th>What</Th>
          </Tr>
        </Thead>
        <Tbody>
          {rows.slice(0, SHOWN).map(({ row, name, outcome, changes, error }) => (
            <Tr key={row}>
              <Td dataLabel="Row">{row}</Td>
              <Td dataLabel="Machine" className="lf-nowrap">
                {name ?? 'by its MAC'}
              </Td>
              <Td dataLabel="Result">
                <Label isCompact color={COLOURS[outcome]}>
                  {outcome}
                </Label>
              </Td>
              <Td dataLabel="What" modifier="breakWord">
                {error?.message ?? changes.map(changeText).join(', ')}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
      {rows.length > SHOWN && <Content component="p">and {rowsText(rows.length - SHOWN)} more</Content>}
    </>
  )
}
