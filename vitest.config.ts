// The test layers, from fast to real. `test/run.ts` runs them in this order.

import { defineConfig } from 'vitest/config'

const SECOND = 1000
const MINUTE = 60 * SECOND

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Modules here hold no state of their own, so files may share them: loading them for each took more time than all tests.
          isolate: false,
          maxWorkers: '100%',
          include: ['test/{server,agent,client,web,templates,boot-assets,arch}/**/*.test.{ts,tsx}'],
          setupFiles: ['test/helpers/matchers.ts'],
          // Only ends what hangs: a disk that is busy elsewhere can hold up a single rename for most of a minute.
          testTimeout: 2 * MINUTE,
          hookTimeout: 2 * MINUTE,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          setupFiles: ['test/helpers/matchers.ts'],
          testTimeout: MINUTE,
          hookTimeout: MINUTE,
        },
      },
      {
        test: {
          name: 'vm',
          include: ['test/e2e/**/*.test.ts'],
          setupFiles: ['test/helpers/matchers.ts'],
          testTimeout: 10 * MINUTE,
          hookTimeout: 10 * MINUTE,
          // One at a time: emulated machines take all the cores there are. Two at once took longer than one after the other.
          maxWorkers: 1,
          retry: 0,
        },
      },
    ],
  },
})
