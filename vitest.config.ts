import { defineConfig } from 'vitest/config'

const forks = { pool: 'forks' as const, execArgv: ['--no-node-snapshot'] }

export default defineConfig({
  test: {
    projects: [
      { test: { ...forks, name: 'unit', include: ['test/unit/**/*.test.ts', 'test/house-rules.test.ts'] } },
      {
        test: {
          ...forks,
          name: 'real',
          include: ['test/contracts/**/*.test.ts', 'test/flows/**/*.test.ts'],
          globalSetup: 'test/fixtures/embedded.ts',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: { ...forks, name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 240_000 },
      },
    ],
  },
})
