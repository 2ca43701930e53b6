import { type Static, type TSchema, Type } from 'typebox'
import { type Answer, type Answers, jsonAnswer, refusal, retryLater } from '../../topology/http-answers.ts'
import { closed, listOf, time, uuid } from './schema-words.ts'

const addresses = Type.Record(
  Type.String(),
  closed({
    id: uuid(),
    enabled: Type.Boolean(),
    url: Type.String({ format: 'uri' }),
    inbox_url: Type.String({ format: 'uri' }),
    path_url: Type.Optional(Type.String({ format: 'uri', description: 'for a source that has a path' })),
  }),
  { description: 'the webhook sources by name, and where they are reached' },
)
export type SourceAddresses = Static<typeof addresses>

const inbox = {
  id: '54804f1a-4a70-4392-97cb-1f350e98e9c8',
  enabled: true,
  url: 'http://127.0.0.1:4000/i/54804f1a-4a70-4392-97cb-1f350e98e9c8',
  inbox_url: 'http://127.0.0.1:4000/inbox/54804f1a-4a70-4392-97cb-1f350e98e9c8',
  path_url: 'http://127.0.0.1:4000/i/clinic/registrations',
}

/** A project in force, as the list of them shows it. */
export const projectItem = closed(
  {
    name: Type.String(),
    description: Type.String(),
    deploy: Type.Integer({ description: 'number of the last deploy' }),
    deployed_at: time(),
    sources: addresses,
    triggers: Type.Array(closed({ name: Type.String(), type: Type.String() })),
    jobs: Type.Array(closed({ name: Type.String(), version: Type.Integer(), enabled: Type.Boolean() })),
  },
  {
    $id: 'ProjectItem',
    examples: [
      {
        name: 'clinic',
        description: 'Registrations of a small clinic',
        deploy: 1,
        deployed_at: '2026-11-21T14:36:19.078Z',
        sources: { inbox },
        triggers: [
          { name: 'registration', type: 'message' },
          { name: 'not-registered', type: 'fail' },
        ],
        jobs: [
          { name: 'register', version: 1, enabled: true },
          { name: 'complain', version: 1, enabled: true },
        ],
      },
    ],
  },
)

const names = listOf(Type.String())
const changes = closed(
  { added: names, changed: listOf(closed({ name: Type.String(), keys: names })), removed: names },
  { $id: 'Changes' },
)

/** What a deploy did, or would do. */
export const deployAnswer = closed(
  {
    project: Type.String(),
    deploy: Type.Integer({ description: 'the number that is in force now, for `If-Match`' }),
    dry_run: Type.Boolean(),
    difference: closed({ settings: names, sources: changes, triggers: changes, jobs: changes }),
    notes: Type.Array(Type.String(), {
      description: 'what is right and yet does nothing: jobs without a trigger, triggers without a job',
    }),
    sources: addresses,
  },
  {
    $id: 'Deploy',
    examples: [
      {
        project: 'clinic',
        deploy: 1,
        dry_run: false,
        difference: {
          settings: [],
          sources: { added: ['inbox'], changed: [], removed: [] },
          triggers: { added: ['registration', 'not-registered'], changed: [], removed: [] },
          jobs: { added: ['register', 'complain'], changed: [], removed: [] },
        },
        notes: [],
        sources: { inbox },
      },
    ],
  },
)

export const etagHeader: Readonly<Record<string, TSchema>> = {
  etag: Type.String({
    pattern: '^"\\d+"$',
    description: 'the number of the deploy, for `If-Match`',
    examples: ['"1"'],
  }),
}

export const ifMatch: Readonly<Record<string, TSchema>> = {
  'if-match': Type.Optional(
    Type.String({
      description:
        'the ETag of what the change is based on; any other deploy since is a 409. Without it, whatever is in force',
      examples: ['"1"'],
    }),
  ),
}

/** Of everything that changes a project. */
export const changeAnswers: Answers = {
  200: jsonAnswer('What changed, or would change', deployAnswer, { headers: etagHeader }),
  409: refusal('Somebody else was first: the project has changed since, or another has taken an id of its sources.', {
    headers: { etag: Type.Optional(Type.String({ description: 'of the deploy that is in force' })) },
    extra: {
      deploy: Type.Optional(Type.Integer({ description: 'number of the deploy that is in force', examples: [2] })),
    },
  }),
  503: refusal(
    'Kafka did not confirm the change in time: look whether it took effect before you repeat it.',
    retryLater,
  ),
}

const problems = Type.Array(
  closed({
    path: Type.String({ description: '`triggers.registration.source[1]`; empty for the whole document' }),
    message: Type.String({ description: 'what to do' }),
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    column: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
  {
    examples: [
      [{ path: 'jobs.register', message: 'Add the key "expression": the code of the job.', line: 9, column: 5 }],
    ],
  },
)

/** A refusal with all that is wrong with a document. */
export const badDocument = (description: string): Answer =>
  refusal(description, { extra: { problems: Type.Optional(problems) } })
