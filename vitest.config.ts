import { defineConfig } from 'vitest/config'

/** `unit` runs in seconds and needs nothing; `real` talks to real processes and servers. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'examples/*/tests/**/*.test.ts', 'tests/unit/**/*.test.ts'],
          exclude: ['**/*.real.test.ts', '**/node_modules/**', '**/dist/**'],
          setupFiles: ['tests/support/own-environment.ts'],
          testTimeout: 60_000, // a busy machine is no failure
        },
      },
      {
        test: {
          name: 'real',
          include: ['packages/*/src/**/*.real.test.ts', 'tests/real/**/*.test.ts', 'tests/crash/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          setupFiles: ['tests/support/own-environment.ts'],
          globalSetup: ['tests/support/python-set-up.ts'],
        },
      },
    ],
  },
})
