import { type TSchema, Type } from 'typebox'
import { builtInAdaptors, upstreamPattern } from '../../topology/project/adaptors.ts'
import { closed } from './schema-words.ts'

const name = '[a-z0-9][a-z0-9-]{0,62}'
const uuid = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
const named = (entry: TSchema, description: string): TSchema =>
  Type.Optional(
    Type.Record(Type.String({ pattern: `^${name}$` }), entry, {
      additionalProperties: false,
      description,
      default: {},
    }),
  )
const optional = (schema: TSchema): TSchema => Type.Optional(schema)
const flag = (description: string): TSchema => optional(Type.Boolean({ default: true, description }))
const names = (description: string): TSchema =>
  optional(Type.Union([Type.String(), Type.Array(Type.String())], { description }))
const size = (description: string, byDefault: string): TSchema =>
  optional(
    Type.Union(
      [
        Type.Integer({ minimum: 1, maximum: 10_000_000 }),
        Type.String({ pattern: '^(?!0+\\D)\\d{1,9}([kK]?|[mM])[bB]$' }),
      ],
      {
        description: `${description}: bytes, or a size like 500kb; at most 10mb`,
        default: byDefault,
      },
    ),
  )

/** Roughly: its reader knows names, addresses and ranges. */
const allowedHost = '^(([hH][tT]{2}[pP][sS]?|[pP][oO][sS][tT][gG][rR][eE][sS]([qQ][lL])?)://)?[^\\s/@?#]+(/\\d{0,3})?$'

const source = closed(
  {
    type: Type.Literal('webhook'),
    id: optional(
      Type.String({
        pattern: `^${uuid}$`,
        description: 'made at the first deploy, and kept',
      }),
    ),
    path: optional(
      Type.String({
        pattern: `^(?!${uuid}$)[a-z0-9][a-z0-9_-]{0,254}$`,
        description: 'also reached at `/i/<project>/<path>`; not in the form of a UUID',
      }),
    ),
    enabled: flag('false: messages are refused with 403'),
    key: optional(
      Type.String({
        pattern: "^(header:[\\w!#$%&'*+.^`|~-]+|\\$.*)$",
        description: '`header:x-patient-id`, or a JSONPath into the body: messages of one key are worked on in order',
      }),
    ),
    max_body_bytes: size('the largest body', '10mb'),
  },
  { $id: 'Source' },
)

const json = (description: string): TSchema => optional(Type.Unsafe<unknown>({ description, not: { type: 'null' } }))

const trigger = Type.Union(
  [
    closed({
      type: Type.Literal('message'),
      filter: json('what a message must contain, as `jsonb @>` of PostgreSQL has it; without it, everything matches'),
      not: json('what it must not contain'),
      source: names('a source or a list of them; without it, all'),
    }),
    closed({
      type: Type.Enum(['flow', 'fail'], { description: 'after a success; after anything else' }),
      job: Type.String({ description: 'the job that this follows' }),
    }),
  ],
  { $id: 'Trigger' },
)

const backoff = Type.String({ pattern: '^(?!0+\\D)\\d{1,9}[smhd]$' })

const retry = closed(
  {
    attempts: optional(Type.Integer({ minimum: 1, maximum: 100, default: 1, description: 'all of them' })),
    backoff: optional(
      Type.Union([backoff, Type.Array(backoff, { minItems: 1 })], {
        default: ['5s', '1m', '10m'],
        description: 'how long to wait at most before the second attempt, the third, …; the last for all that follow',
      }),
    ),
    on: names('names of errors, or codes like ECONNRESET; without it, what the job threw, and TimeoutError'),
  },
  { description: 'when a run is tried again' },
)

const job = closed(
  {
    trigger: optional(Type.String({ description: 'or `triggers`, not both' })),
    triggers: names('a name or a list of them'),
    adaptor: optional(
      Type.String({
        pattern: `^(${builtInAdaptors.join('|')})$|${upstreamPattern}`,
        default: 'common',
        description:
          'what the code has in scope beside the language; an upstream adaptor is fetched now, and named here with its exact version then',
      }),
    ),
    expression: Type.String({ pattern: '\\S', description: 'the code of the job' }),
    credential: optional(
      Type.String({
        pattern: `^${name}$`,
        description: 'the name of the credential that it sees as `state.configuration`',
      }),
    ),
    enabled: flag('false: it matches nothing'),
    concurrency: optional(
      Type.Integer({ minimum: 1, maximum: 1_000, default: 10, description: 'runs at once, for each runner' }),
    ),
    order: optional(
      Type.Enum(['key', 'strict', 'none'], { default: 'key', description: 'strict: one at a time in a partition' }),
    ),
    effects: optional(
      Type.Enum(['at-least-once', 'at-most-once'], {
        default: 'at-least-once',
        description: 'at-most-once: never executed twice, alone in a process; ends as unknown when its runner dies',
      }),
    ),
    timeout: optional(
      Type.String({ pattern: '^(?!0+\\D)\\d{1,9}[smhd]$', default: '100s', description: '`20s` or `5m`; at most 20m' }),
    ),
    memory_mb: optional(Type.Integer({ minimum: 8, maximum: 2_048, default: 128 })),
    retry: optional(retry),
    console: flag('false: what the job logs is not kept'),
    log_limit: size('what is kept of the log of a run', '1mb'),
    test_mode: optional(Type.Boolean({ default: false, description: 'true: its calls are answered 200 and not made' })),
  },
  { $id: 'Job', not: { required: ['trigger', 'triggers'] } },
)

/**
 * The project document as JSON Schema (`topology/project/README.md` has it in words): what its reader in `topology/project/schema.ts` takes
 * key by key. What refers to what, and the code of the jobs, is checked beyond that.
 */
export const projectDocument: TSchema = closed(
  {
    name: Type.String({ pattern: `^(?!${uuid}$)${name}$`, description: 'as in the path; not in the form of a UUID' }),
    description: optional(Type.String({ default: '' })),
    sources: named(source, 'doors through which messages come'),
    triggers: named(trigger, 'what starts jobs'),
    jobs: named(job, 'programs'),
    egress: optional(
      closed(
        {
          allow: optional(
            Type.Array(Type.String({ pattern: allowedHost }), {
              default: [],
              description:
                'when not empty, the only hosts that jobs may call: `https://*.example`, `http://erp.local:8080`, `postgresql://db.local`, `10.0.0.0/8`; a host without a star may be a private one',
            }),
          ),
          allow_private: optional(
            Type.Boolean({ default: false, description: 'true: jobs may call private addresses' }),
          ),
        },
        { description: 'whom jobs may call, over HTTP or as a database' },
      ),
    ),
    limits: optional(
      closed({
        loop_limit: optional(
          Type.Integer({
            minimum: 1,
            maximum: 10_000,
            default: 100,
            description: 'how long a chain of flow and fail jobs may be',
          }),
        ),
      }),
    ),
  },
  {
    $id: 'Project',
    examples: [
      {
        name: 'clinic',
        description: 'Registrations of a small clinic',
        sources: { inbox: { type: 'webhook', path: 'registrations', key: 'header:x-patient-id' } },
        triggers: {
          registration: { type: 'message', filter: { form: 'registration' }, source: 'inbox' },
          'not-registered': { type: 'fail', job: 'register' },
        },
        jobs: {
          register: {
            trigger: 'registration',
            expression: 'fn(state => ({ ...state, patient: state.data.name.toUpperCase() }))',
          },
          complain: {
            trigger: 'not-registered',
            expression: "fn(state => { console.error('not registered:', state.error.message); return state })",
          },
        },
      },
    ],
  },
)
