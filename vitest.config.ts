import { defineConfig } from 'vitest/config'

const setUp = { setupFiles: ['tests/support/own-environment.ts'], testTimeout: 60_000, hookTimeout: 60_000 } // a busy machine is not a failure
const elsewhere = ['**/node_modules/**', '**/dist/**']

/** `unit` runs within Vitest's own processes; `process` starts others, such as the command line; `real` talks to Dagster and other servers. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'examples/*/tests/**/*.test.ts', 'tests/unit/**/*.test.ts'],
          exclude: ['**/*.process.test.ts', '**/*.real.test.ts', ...elsewhere],
          isolate: false, // each file loads what others have loaded: a third of the time otherwise
          ...setUp,
        },
      },
      {
        test: {
          name: 'process',
          include: ['packages/*/src/**/*.process.test.ts', 'examples/*/tests/**/*.process.test.ts', 'tests/unit/**/*.process.test.ts'],
          exclude: elsewhere,
          ...setUp,
        },
      },
      {
        test: {
          name: 'real',
          include: ['packages/*/src/**/*.real.test.ts', 'tests/real/**/*.test.ts', 'tests/crash/**/*.test.ts'],
          ...setUp,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          globalSetup: ['tests/support/python-set-up.ts'],
        },
      },
    ],
  },
})
