import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { CliError } from '../../../server/cli/errors.ts'
import { addFilterOptions, filterOf, filterQuery } from '../../../server/cli/filter-options.ts'

const parse = (...words: string[]) => {
  const command = addFilterOptions(new Command().argument('[machine...]')).parse(words, { from: 'user' })
  return { filter: () => filterOf(command.opts()), machines: command.args }
}

describe('filter options', () => {
  it('are the parameters of the API, one value each time', () => {
    const { filter, machines } = parse('--state', 'ready', '--state', 'failed', '--label', 'rack=r1', 'web-01')
    expect(filter()).toEqual({ state: ['ready', 'failed'], label: ['rack=r1'] })
    expect(filterQuery(filter()!).toString()).toBe('state=ready&state=failed&label=rack%3Dr1')
    expect(machines).toEqual(['web-01'])
  })

  it('choose nothing when there are none', () => {
    expect(parse('web-01').filter()).toBeUndefined()
  })

  it.each([
    ['--state', 'happy'],
    ['--label', '=x'],
    ['--firmware', 'coreboot'],
  ])('refuse %s %s by name', (option, value) => {
    const { filter } = parse(option, value)
    expect(filter).toThrow(CliError)
    expect(filter).toThrow(option)
  })
})
