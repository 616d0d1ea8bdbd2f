// What came of each test, written to a file when a run ends, for the summary of `npm test`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

export interface Outcome {
  file: string
  /** The test with the groups it is in. */
  name: string
  state: 'passed' | 'failed' | 'skipped'
  seconds: number
  /** Why it was skipped. */
  note: string | undefined
}

/** Names the file to write. */
export const OUTCOMES_VARIABLE = 'TEST_OUTCOMES_FILE'

/** A vitest reporter. */
export default class OutcomesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env[OUTCOMES_VARIABLE]
    if (file === undefined) return
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(tests.map(outcomeOf)))
  }
}

/** What a run wrote; empty when it ended before any test. */
export function readOutcomes(file: string): Outcome[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Outcome[]
  } catch {
    return []
  }
}

function outcomeOf(test: TestCase): Outcome {
  const result = test.result()
  return {
    file: relative(process.cwd(), test.module.moduleId),
    name: test.fullName,
    state: result.state === 'pending' ? 'skipped' : result.state,
    seconds: (test.diagnostic()?.duration ?? 0) / 1000,
    note: result.state === 'skipped' ? result.note : undefined,
  }
}
