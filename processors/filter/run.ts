import { reportBurials } from '../../topology/flow/burials.ts'
import type { Logger, MessageLog } from '../../topology/flow/ports.ts'
import type { Retry } from '../../topology/flow/retry.ts'
import { inOrder, runStage } from '../../topology/flow/run-stage.ts'
import type { Stop } from '../../topology/flow/stop.ts'
import type { Verdict } from '../../topology/flow/verdict.ts'
import { counted, limitBurials, safely } from '../../topology/flow/wrappers.ts'
import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { intakeTopic, parseTopic } from '../../topology/topics.ts'
import { intakeIdOf } from '../../topology/wire/intake.ts'
import type { Incoming } from '../../topology/words/record.ts'
import { openMatchers } from './matchers.ts'
import { filterStage } from './stage.ts'

export type FilterParts = Readonly<{
  log: MessageLog
  catalogue: Catalogue
  meter: Meter
  logger: Logger
  retry: Retry
}>

/** The role `filter`: reads the intake topics of all projects and asks for the runs that messages want, until stopped. */
export async function runFilter({ log, catalogue, meter, logger, retry }: FilterParts, stop: Stop): Promise<void> {
  using matchers = openMatchers(catalogue)
  await using reader = log.reader({ group: 'filter', idOf: intakeIdOf })
  const subscribe = () => reader.subscribe([...catalogue.known().keys()].map(intakeTopic))
  using _changes = catalogue.onChange(subscribe)
  subscribe()

  await runStage(
    reader,
    {
      name: 'filter',
      stage: counted(countIn(meter), limitBurials(50, safely(filterStage(matchers)))),
      retry,
      schedule: inOrder(),
      onBurial: reportBurials({ meter, logger }),
    },
    stop,
  )
}

const countIn =
  (meter: Meter) =>
  (verdict: Verdict, record: Incoming): void => {
    meter.add('penstock_filter_verdicts_total', { verdict: verdict.kind })
    if (verdict.kind !== 'emit') return
    const [requests = []] = verdict.steps
    meter.add('penstock_matches_total', { project: parseTopic(record.topic)?.project ?? '' }, requests.length)
  }
