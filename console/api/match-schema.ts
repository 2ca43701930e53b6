import { Type } from 'typebox'
import { mismatchProblems } from '../../topology/project/mismatch.ts'
import { runStatuses } from './run-schema.ts'
import { closed, orNull, pageOf, time, uuid } from './schema-words.ts'

/** Why a message does not match a trigger (`Mismatch` of `topology/project/mismatch.ts`). */
export const mismatch = closed(
  {
    problem: Type.Enum(mismatchProblems, {
      description:
        'no-element: an array has none that would do. excluded: what `not` forbids is there. unexplained: filter and message are too large to say more',
    }),
    path: orNull(Type.String({ description: 'a JSONPath such as `$.triage[*].level`' })),
    nearest: orNull(Type.String({ description: 'the place that came nearest, such as `$.triage[1].level`' })),
    wanted: orNull(Type.String({ description: 'JSON, cut when it is long' })),
    found: orNull(Type.String({ description: 'JSON, cut when it is long' })),
    message: Type.String({ description: 'all of it as one sentence' }),
  },
  {
    $id: 'Mismatch',
    examples: [
      {
        problem: 'other-value',
        path: '$.triage[*].level',
        nearest: '$.triage[1].level',
        wanted: '"red"',
        found: '"yellow"',
        message: 'The element that comes nearest will not do: $.triage[1].level is "yellow"; wanted is "red".',
      },
    ],
  },
)

const matchItem = closed(
  {
    trigger: Type.String(),
    type: orNull(Type.Enum(['message', 'flow', 'fail'])),
    in_force: Type.Boolean({ description: 'false: it matched then, and the project has it no more' }),
    matched: orNull(
      Type.Boolean({ description: 'null where no message is asked about: a trigger that waits for a job' }),
    ),
    why: orNull(mismatch),
    jobs: Type.Array(Type.String(), { description: 'enabled jobs that hang on it' }),
    after: orNull(Type.String({ description: 'the job that it waits for' })),
    recorded: orNull(
      Type.Boolean({ description: 'whether it matched then; null while the filter has not seen the message' }),
    ),
    runs: Type.Array(closed({ id: uuid(), job: Type.String(), status: Type.Enum(runStatuses) })),
  },
  { $id: 'Match' },
)

/** What each trigger says of a message, now and then. */
export const matchesAnswer = closed({
  message_id: uuid(),
  source: orNull(Type.String()),
  received_at: time(),
  duplicate_of: orNull(uuid()),
  deploy: orNull(Type.Integer()),
  deployed_at: orNull(time()),
  seen_at: orNull(time('when the filter first saw the message')),
  changed_since: orNull(Type.Boolean({ description: 'the project was deployed since, so then and now may differ' })),
  ...pageOf(matchItem).properties,
})

const day = 'a day such as 2026-11-21, or a time such as 2026-11-21T09:00:00Z'

/** A trigger to try out, and on which messages. */
export const trial = closed(
  {
    filter: Type.Optional(Type.Unknown({ description: 'as in a trigger' })),
    not: Type.Optional(Type.Unknown({ description: 'as in a trigger' })),
    source: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    last: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'how many messages, the newest' }),
    ),
    from: Type.Optional(Type.String({ description: day })),
    to: Type.Optional(Type.String({ description: day })),
  },
  { $id: 'Trial', examples: [{ filter: { triage: [{ level: 'red' }] }, last: 100 }] },
)

/** What a trial came to. */
export const trialAnswer = closed({
  checked: Type.Integer(),
  matched: Type.Integer(),
  unreadable: Type.Integer(),
  complete: Type.Boolean({ description: 'false: it took too long, and the oldest were not asked about' }),
  ...pageOf(
    closed({
      message_id: uuid(),
      received_at: time(),
      source: orNull(Type.String()),
      matched: Type.Boolean(),
      why: orNull(mismatch),
    }),
  ).properties,
})
