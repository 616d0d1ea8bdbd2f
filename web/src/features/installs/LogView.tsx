// The installer's log, as it comes.

import { Button, ExpandableSection, Flex, FlexItem, SearchInput, Switch } from '@patternfly/react-core'
import { useEffect, useRef, useState } from 'react'
import { useInstallLog } from '../../api/queries.ts'
import type { LogLine } from '../../api/queries.ts'
import { Loaded } from '../../ui/Trouble.tsx'

export function LogView({ installId }: { installId: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <ExpandableSection toggleText="Log" isExpanded={isOpen} onToggle={(_, open) => setOpen(open)}>
      {isOpen && <OpenLog installId={installId} />}
    </ExpandableSection>
  )
}

function OpenLog({ installId }: { installId: string }) {
  const result = useInstallLog(installId)
  const [follow, setFollow] = useState(true)
  const [search, setSearch] = useState('')
  const box = useRef<HTMLPreElement>(null)
  const count = result.data?.length ?? 0
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [follow, count])
  return (
    <Loaded result={result} what="the log">
      {(lines) => (
        <>
          <Flex>
            <FlexItem>
              <SearchInput
                aria-label="Search the log"
                placeholder="Search"
                value={search}
                {...(search !== '' && { resultsCount: matching(lines, search).length })}
                onChange={(_, text) => setSearch(text)}
                onClear={() => setSearch('')}
              />
            </FlexItem>
            <FlexItem>
              <Switch
                id={`follow-${installId}`}
                label="Follow"
                isChecked={follow}
                onChange={(_, checked) => setFollow(checked)}
              />
            </FlexItem>
            <FlexItem>
              <Button variant="link" isDisabled={lines.length === 0} onClick={() => download(installId, lines)}>
                Download
              </Button>
            </FlexItem>
          </Flex>
          <pre ref={box} className="lf-log" role="log" aria-label="Installer log" tabIndex={0}>
            {lines.length === 0 ? 'Nothing was logged yet.' : <Lines lines={matching(lines, search)} />}
          </pre>
        </>
      )}
    </Loaded>
  )
}

/** Lines with the text in them, in any case. */
function matching(lines: readonly LogLine[], search: string): readonly LogLine[] {
  const wanted = search.trim().toLowerCase()
  return wanted === '' ? lines : lines.filter(({ text, level }) => `${level} ${text}`.toLowerCase().includes(wanted))
}

function Lines({ lines }: { lines: readonly LogLine[] }) {
  return lines.length === 0 ? 'No line matches.' : lines.map((line) => <Line key={line.seq} line={line} />)
}

function Line({ line: { at, level, text } }: { line: LogLine }) {
  return (
    <span data-level={level}>
      {new Date(at).toLocaleTimeString()} {text}
      {'\n'}
    </span>
  )
}

function download(installId: string, lines: readonly LogLine[]): void {
  const text = lines.map(({ at, level, text: line }) => `${at} ${level.padEnd(5)} ${line}\n`).join('')
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `install-${installId}.log`
  link.click()
  URL.revokeObjectURL(url)
}
