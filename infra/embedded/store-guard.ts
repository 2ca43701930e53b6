import { type Engine, EngineError, type Question, quoted } from './store-engine.ts'

/**
 * The people's question as it will be asked, or an `EngineError`. `readonly = 1` stops everything that the engine's access control knows of;
 * the rest is stopped here: several statements at once, statements that ask nothing (`SYSTEM …`, `KILL …`), `INTO OUTFILE`, and the
 * function `file`, which reads any file. It is judged, and asked, in the form that the engine's own parser gives it: no comment, no
 * quoting and no escape can hide a word from us that the engine would see.
 */
export const guarded = async (engine: Engine, question: Question): Promise<Question> => {
  if (question.data) throw readOnly('This login may not write.')
  const sql = await canonical(engine, question.sql)
  if (!/^\(*(?:SELECT|WITH|SHOW|DESCRIBE|EXPLAIN|EXISTS)\b/.test(sql)) throw readOnly('This login may only ask.')
  const words = sql.replace(stringOrName, (text) => (text.startsWith("'") ? "''" : text))
  const [forbidden] = /\b(?:OUTFILE|INFILE|file|catboostEvaluate|hasColumnInTable)\b/i.exec(words) ?? []
  if (forbidden) throw readOnly(`This login may not use ${forbidden}.`)
  return { ...question, sql }
}

const canonical = async (engine: Engine, sql: string): Promise<string> => {
  const asText: Question = {
    sql: `SELECT formatQuerySingleLine(${quoted(sql, "'")}) FORMAT RawBLOB`,
    data: null,
    format: 'RawBLOB',
    database: '',
    settings: new Map(),
    params: new Map(),
    access: 'read',
  }
  const chunks = await Array.fromAsync(engine.ask(asText))
  return Buffer.concat(chunks).toString('utf8')
}

const stringOrName = /'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/gs

const readOnly = (why: string): EngineError => new EngineError(164, 'READONLY', why)
