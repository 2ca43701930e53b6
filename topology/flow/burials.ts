import type { Meter } from '../metrics.ts'
import type { DeadLetter } from '../words/dead-letter.ts'
import type { Logger } from './ports.ts'

/** Counts each dead letter that a loop is about to write, and says where the record lay and why: never what was in it. */
export const reportBurials =
  ({ meter, logger }: Readonly<{ meter: Meter; logger: Logger }>) =>
  ({ stage, reason, project, message, run, record: { topic, partition, offset } }: DeadLetter): void => {
    meter.add('penstock_dead_letters_total', { stage, reason })
    logger.warn({ stage, reason, project, message, run, topic, partition, offset }, 'A record is buried')
  }
