import { reportBurials } from '../../topology/flow/burials.ts'
import type { Logger, MessageLog } from '../../topology/flow/ports.ts'
import type { Retry } from '../../topology/flow/retry.ts'
import { inOrder, runStage } from '../../topology/flow/run-stage.ts'
import type { Stop } from '../../topology/flow/stop.ts'
import { counted, limitBurials, safely } from '../../topology/flow/wrappers.ts'
import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { runsTopic } from '../../topology/topics.ts'
import { runRecordIdOf } from '../../topology/wire/runs.ts'
import { followStage } from './stage.ts'

export type FollowParts = Readonly<{
  log: MessageLog
  catalogue: Catalogue
  meter: Meter
  logger: Logger
  retry: Retry
}>

/** The role `follow`: reads how runs ended and asks for what that starts, until stopped. */
export async function runFollow({ log, catalogue, meter, logger, retry }: FollowParts, stop: Stop): Promise<void> {
  await using reader = log.reader({ group: 'follow', idOf: runRecordIdOf })
  reader.subscribe([runsTopic])

  const count = ({ kind }: { kind: string }) => meter.add('penstock_follow_verdicts_total', { verdict: kind })
  await runStage(
    reader,
    {
      name: 'follow',
      stage: counted(count, limitBurials(50, safely(followStage(catalogue)))),
      retry,
      schedule: inOrder(),
      onBurial: reportBurials({ meter, logger }),
    },
    stop,
  )
}
