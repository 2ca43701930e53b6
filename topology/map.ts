import { controlTopic, deadLettersTopic, runsTopic } from './topics.ts'

/**
 * What each part reads and writes, by kind of topic. Besides, the loop writes the dead letters of every stage, and every part follows the
 * definitions. A test holds this against the code.
 */
export const map = {
  'ingress/webhook': { reads: [], writes: ['intake'] },
  'processors/filter': { reads: ['intake'], writes: ['job', runsTopic] },
  'processors/runner': { reads: ['job', controlTopic], writes: ['retry', runsTopic, deadLettersTopic] },
  'processors/follow': { reads: ['retry', runsTopic, controlTopic], writes: ['job', 'retry', controlTopic] },
  'sinks/clickhouse': { reads: ['intake', runsTopic, deadLettersTopic], writes: [deadLettersTopic] },
} as const satisfies Record<string, Readonly<{ reads: readonly string[]; writes: readonly string[] }>>
