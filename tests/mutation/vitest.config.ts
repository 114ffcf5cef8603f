import { defineConfig } from 'vitest/config'

/** The tests that hold what `npm run mutate` changes: those beside the sources of the package. */
export default defineConfig({
  test: { include: ['packages/dagma/src/**/*.test.ts'], exclude: ['**/*.real.test.ts', '**/node_modules/**'], testTimeout: 20_000 },
})
