import { type Engine, EngineError, type Question, quoted } from './store-engine.ts'

/**
 * The people's question as it will be asked, or an `EngineError`. `readonly = 1` stops everything that the engine's access control knows of;
 * the rest is stopped here: several statements at once, statements that ask nothing (`SYSTEM …`, `KILL …`), `INTO OUTFILE`, the function
 * `file`, which reads any file, and table functions that look outside: `DESCRIBE` calls them without asking the access control, and `sqlite`
 * makes its file before it is asked. The question is judged, and asked, in the form that the engine's own parser gives it: no comment, no
 * quoting and no escape can hide a word from us that the engine would see.
 */
export const guarded = async (engine: Engine, question: Question): Promise<Question> => {
  if (question.data) throw readOnly('This login may not write.')
  const { sql, outward } = await understood(engine, question.sql)
  if (!/^\(*(?:SELECT|WITH|SHOW|DESCRIBE|EXPLAIN|EXISTS)\b/.test(sql)) throw readOnly('This login may only ask.')
  const words = sql.replace(stringOrName, (text) => (text.startsWith("'") ? "''" : text))
  const [forbidden] =
    /\b(?:OUTFILE|INFILE|file|catboostEvaluate|hasColumnInTable)\b/i.exec(words) ??
    new RegExp(`\\b(?:${outward})(?=\`?\\()`, 'i').exec(words) ??
    []
  if (forbidden) throw readOnly(`This login may not use ${forbidden}.`)
  return { ...question, sql }
}

/** `outward`: the names, with bars between, of all table functions that are not for readers. */
type Understood = Readonly<{ sql: string; outward: string }>

const understood = async (engine: Engine, sql: string): Promise<Understood> => {
  const asText: Question = {
    sql: `SELECT (${outwardFunctions}) || '\\n' || formatQuerySingleLine(${quoted(sql, "'")}) FORMAT RawBLOB`,
    data: null,
    format: 'RawBLOB',
    database: '',
    settings: new Map(),
    params: new Map(),
    access: 'read',
  }
  const text = Buffer.concat(await Array.fromAsync(engine.ask(asText))).toString('utf8')
  const end = text.indexOf('\n')
  return { outward: text.slice(0, end), sql: text.slice(end + 1) }
}

/** `format` is also a function of text, and as a table function it reads what it is given. */
const outwardFunctions = `SELECT arrayStringConcat(groupArray(name), '|') FROM system.table_functions
WHERE NOT allow_readonly AND name != 'format'`

const stringOrName = /'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/gs

const readOnly = (why: string): EngineError => new EngineError(164, 'READONLY', why)
