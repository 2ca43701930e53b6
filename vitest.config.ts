import { defineConfig } from 'vitest/config'

const forks = {
  pool: 'forks' as const,
  execArgv: ['--no-node-snapshot'],
  setupFiles: ['test/fixtures/properties.ts'],
}

/** Where `.ci/run` wants the counts. */
const results = process.env['TEST_RESULTS']

export default defineConfig({
  test: {
    maxWorkers: '100%', // most tests wait for others more than they work
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
    projects: [
      {
        test: {
          ...forks,
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/house-rules.test.ts'],
          testTimeout: 60_000, // they take milliseconds; a machine that is very busy is no reason to fail
        },
      },
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
        test: {
          ...forks,
          name: 'extra',
          include: ['test/extra/**/*.test.ts'],
          testTimeout: 600_000, // some fetch packages
          hookTimeout: 240_000,
        },
      },
      {
        test: { ...forks, name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 240_000 },
      },
    ],
  },
})
