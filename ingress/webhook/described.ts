import { type TSchema, Type } from 'typebox'
import { type Accepts, type Answers, jsonAnswer, refusal, retryLater } from '../../topology/http-answers.ts'

const noDoor: Answers = {
  403: refusal('The source is disabled.'),
  404: refusal('No source of any project has this address.'),
}

const metaHeaders: Readonly<Record<string, TSchema>> = {
  'x-meta-work-order-id': Type.String({ format: 'uuid', description: 'the id of the message' }),
  'x-meta-run-id': Type.Optional(
    Type.String({ format: 'uuid', description: 'where it is sure before the message is looked at which run it gets' }),
  ),
}
const closed = { additionalProperties: false }
const uuid = Type.String({ format: 'uuid', examples: ['01a1fe89-6cb8-7f98-9417-b5b509236fbc'] })

const takenBy: Readonly<Record<string, Answers>> = {
  i: {
    200: jsonAnswer(
      'The message is durable',
      Type.Object({ work_order_id: uuid, run_id: Type.Union([uuid, Type.Null()]) }, closed),
      { headers: metaHeaders },
    ),
  },
  inbox: {
    202: jsonAnswer(
      'The message is durable',
      Type.Object({ message_id: uuid, accepted_at: Type.String({ format: 'date-time' }) }, closed),
      { headers: metaHeaders },
    ),
  },
}

/** What the doors take and answer, for `/openapi.json`. */
export const doorAccepts: Accepts = {
  body: {
    'application/json': Type.Unknown({
      description: 'any JSON; kept as it came, byte for byte. Without a body, the query parameters are the message',
      examples: [
        { formID: 'patient_registration_v7', name: 'Sample Willow', dob: '1990-01-31', medications: ['zinc'] },
      ],
    }),
  },
  bodyOptional: true,
}

export const doorAnswers = (door: 'i' | 'inbox'): Answers => ({
  ...takenBy[door],
  400: refusal('The body is not what its content type says, or there is none and no query parameter either.'),
  ...noDoor,
  413: refusal('The body is larger than its source takes.'),
  415: refusal('The content type is missing, or is none that can be read here.'),
  503: refusal(
    'The log did not confirm the message in time, or too much is being received: send it again.',
    retryLater,
  ),
})

export const foundAnswers: Answers = {
  200: jsonAnswer('There is a source', Type.Object({ message: Type.String() }, closed)),
  ...noDoor,
}

export const preflightAnswers: Answers = {
  204: {
    description: 'What a web page of any origin may send',
    headers: {
      'access-control-allow-methods': Type.String(),
      'access-control-allow-headers': Type.String(),
      'access-control-max-age': Type.String(),
    },
  },
}
