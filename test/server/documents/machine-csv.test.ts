import { expect, it } from 'vitest'
import { DocumentError } from '../../../server/documents/errors.ts'
import { readMachineCsv } from '../../../server/documents/machine-csv.ts'

it('reads machines, and says of each bad row what is wrong', () => {
  const text = [
    'name,macs,image,label:rack,state',
    'web-1,52-54-00-00-00-01 52:54:00:00:00:02,os/web:stable,r1,ready',
    'web-2,52:54:00:00:00:0x,,,',
    ',52:54:00:00:00:03,,,deployed',
    'web-4,,,,,surplus',
  ].join('\n')
  expect(readMachineCsv(text)).toEqual([
    {
      row: 2,
      draft: {
        kind: 'machine',
        name: 'web-1',
        macs: ['52:54:00:00:00:01', '52:54:00:00:00:02'],
        labels: { rack: 'r1' },
        spec: { image: 'os/web:stable' },
      },
    },
    { row: 3, name: 'web-2', problem: 'macs.0: must be a MAC address like 52:54:00:12:34:56' },
    { row: 4, draft: { kind: 'machine', macs: ['52:54:00:00:00:03'], labels: {} } },
    { row: 5, name: 'web-4', problem: 'has 6 cells, and the first line names 5 columns' },
  ])
})

it.each([
  ['a column nobody knows', 'name,colour\nx,red', 'there is no column colour'],
  ['a column twice', 'name,name', 'twice'],
  ['no column to know a machine by', 'label:rack\nr1', 'neither name nor macs'],
  ['an empty file', '', 'neither name nor macs'],
])('refuses %s', (_, text, message) => {
  expect(() => readMachineCsv(text)).toThrowWithCode(DocumentError, 'CSV_INVALID')
  expect(() => readMachineCsv(text)).toThrow(message)
})
