import { Type } from 'typebox'
import { listedValueBytes } from '../../sinks/clickhouse/read/dead-letters.ts'
import { closed, orNull, texts, time, uuid } from './schema-words.ts'

/** A record that could not be used. */
export const deadLetterItem = closed(
  {
    id: uuid(),
    buried_at: time(),
    project: orNull(Type.String()),
    stage: Type.String({ description: 'who could not use it' }),
    reason: Type.String({ description: 'a name that stays the same, to filter by' }),
    detail: Type.String(),
    message_id: orNull(uuid()),
    run_id: orNull(uuid()),
    topic: Type.String({ description: 'where it lay, with `partition` and `offset`' }),
    partition: Type.Integer(),
    offset: Type.Integer(),
    key: orNull(Type.String()),
    headers: texts('of the record'),
    value: orNull(
      Type.String({ description: `of the record; null in lists when it is larger than ${listedValueBytes} bytes` }),
    ),
    value_encoding: Type.Enum(['utf8', 'base64']),
    size: Type.Integer({ description: 'bytes of the value' }),
  },
  {
    $id: 'DeadLetter',
    examples: [
      {
        id: '01a1fe89-74ef-7c1d-92d4-7508d6c05a0f',
        buried_at: '2026-11-21T14:36:23.763Z',
        project: 'clinic',
        stage: 'filter',
        reason: 'message-unreadable',
        detail: "not JSON: Expected ':' after property name in JSON at position 9 (line 1 column 10)",
        message_id: '01a1fe89-74ef-7daf-a205-7228cc12df7a',
        run_id: null,
        topic: 'intake.clinic',
        partition: 0,
        offset: 2,
        key: null,
        headers: {},
        value: '{"broken"',
        value_encoding: 'utf8',
        size: 9,
      },
    ],
  },
)
