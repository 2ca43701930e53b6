-- Words of messages and runs can be searched. The text that is searched is worked out and not stored, only the index of its words is: storing
-- it again would double the table, and cost more CPU at the insert than the index does.
--
-- `plain_text`: what a person would read: the escapes of JSON (of what is JSON as a whole), of XML and of forms are gone. In JSON every quote
-- and every escape but \uXXXX becomes a space, half a surrogate goes, and ClickHouse reads what is left as one string.
-- `search_text`: the same in lower case (Unicode's; composed and decomposed letters are alike) and without what many leave out: the points of
-- Hebrew, the vowel signs and the tatweel of Arabic, the dot that is left of a small İ. Its words are parted by ASCII: other punctuation
-- becomes a space, and in scripts without spaces each character is a word, emoji too. So a word is what `splitByNonAlpha` takes for one.
-- read/search-text.ts does the same to what is searched for.
--
-- Functions stand here as ClickHouse rewrites them (`isValidASCII`, not its alias `isASCII`; `empty(x)`, not `x = ''`), or no question is
-- recognised as one for the index. An index over a lambda breaks LIKE; that is why the texts of a run with a backslash, which need one, are
-- stored: few have any.

ALTER TABLE message_rows ADD COLUMN IF NOT EXISTS body_text String ALIAS multiIf(
  body_encoding != 'utf8', '',
  position(content_type, 'xml') > 0 AND position(body, '&') > 0, toValidUTF8(decodeXMLComponent(body)),
  startsWith(content_type, 'application/x-www-form-urlencoded'), toValidUTF8(decodeURLFormComponent(body)),
  if(
    position(body, '\\') = 0
      OR NOT isValidJSON(replaceRegexpAll(body, '(\\\\u[dD][89abAB]..\\\\u[dD][c-fC-F]..)|\\\\u[dD][89a-fA-F]..', '\\1')),
    body,
    JSONExtractString(
      concat(
        '["',
        replaceRegexpAll(
          replaceRegexpAll(body, '(\\\\u[dD][89abAB]..\\\\u[dD][c-fC-F]..)|\\\\u[dD][89a-fA-F]..', '\\1'),
          '\\\\[^u]|["\\x00-\\x1f]',
          ' '
        ),
        '"]'
      ),
      1
    )
  )
);

ALTER TABLE message_rows ADD COLUMN IF NOT EXISTS plain_text String ALIAS arrayStringConcat(
  arrayConcat([body_text], mapKeys(headers), mapValues(headers)),
  '\n'
);

ALTER TABLE message_rows ADD COLUMN IF NOT EXISTS search_text String ALIAS if(
  isValidASCII(plain_text),
  lower(plain_text),
  replaceRegexpAll(
    replaceRegexpAll(
      replaceRegexpAll(
        normalizeUTF8NFKCCasefold(plain_text),
        '[\\x{0307}\\x{0591}-\\x{05BD}\\x{05BF}\\x{05C1}\\x{05C2}\\x{05C4}\\x{05C5}\\x{05C7}\\x{0640}\\x{064B}-\\x{065F}\\x{0670}]+',
        ''
      ),
      '[^\\x00-\\x7f\\p{L}\\p{N}\\p{M}\\p{So}]+',
      ' '
    ),
    '[\\p{Han}\\p{Hiragana}\\p{Katakana}ー\\p{Thai}\\p{Lao}\\p{Khmer}\\p{Myanmar}\\p{Tibetan}\\p{So}]',
    ' \\0 '
  )
);

ALTER TABLE message_rows ADD INDEX IF NOT EXISTS by_text search_text TYPE text(tokenizer = 'splitByNonAlpha');

ALTER TABLE run_rows ADD COLUMN IF NOT EXISTS raw_text String ALIAS arrayStringConcat(
  arrayConcat(
    `log.message`,
    [ifNull(error_type, ''), ifNull(error_message, ''), ifNull(error_operation, ''), ifNull(error_details, '')]
  ),
  '\n'
);

ALTER TABLE run_rows ADD COLUMN IF NOT EXISTS unescaped_text String MATERIALIZED if(
  position(raw_text, '\\') = 0,
  '',
  arrayStringConcat(
    arrayMap(
      text -> if(
        position(text, '\\') = 0
          OR NOT isValidJSON(replaceRegexpAll(text, '(\\\\u[dD][89abAB]..\\\\u[dD][c-fC-F]..)|\\\\u[dD][89a-fA-F]..', '\\1')),
        text,
        JSONExtractString(
          concat(
            '["',
            replaceRegexpAll(
              replaceRegexpAll(text, '(\\\\u[dD][89abAB]..\\\\u[dD][c-fC-F]..)|\\\\u[dD][89a-fA-F]..', '\\1'),
              '\\\\[^u]|["\\x00-\\x1f]',
              ' '
            ),
            '"]'
          ),
          1
        )
      ),
      arrayConcat(
        `log.message`,
        [ifNull(error_type, ''), ifNull(error_message, ''), ifNull(error_operation, ''), ifNull(error_details, '')]
      )
    ),
    '\n'
  )
) CODEC(ZSTD(1));

ALTER TABLE run_rows ADD COLUMN IF NOT EXISTS plain_text String ALIAS if(empty(unescaped_text), raw_text, unescaped_text);

ALTER TABLE run_rows ADD COLUMN IF NOT EXISTS search_text String ALIAS if(
  isValidASCII(plain_text),
  lower(plain_text),
  replaceRegexpAll(
    replaceRegexpAll(
      replaceRegexpAll(
        normalizeUTF8NFKCCasefold(plain_text),
        '[\\x{0307}\\x{0591}-\\x{05BD}\\x{05BF}\\x{05C1}\\x{05C2}\\x{05C4}\\x{05C5}\\x{05C7}\\x{0640}\\x{064B}-\\x{065F}\\x{0670}]+',
        ''
      ),
      '[^\\x00-\\x7f\\p{L}\\p{N}\\p{M}\\p{So}]+',
      ' '
    ),
    '[\\p{Han}\\p{Hiragana}\\p{Katakana}ー\\p{Thai}\\p{Lao}\\p{Khmer}\\p{Myanmar}\\p{Tibetan}\\p{So}]',
    ' \\0 '
  )
);

ALTER TABLE run_rows ADD INDEX IF NOT EXISTS by_text search_text TYPE text(tokenizer = 'splitByNonAlpha');

-- Rows that are there already are found at once, by reading them; their index is built in the background.
ALTER TABLE message_rows MATERIALIZE INDEX IF EXISTS by_text SETTINGS mutations_sync = 0;

ALTER TABLE run_rows MATERIALIZE INDEX IF EXISTS by_text SETTINGS mutations_sync = 0;

CREATE OR REPLACE VIEW messages AS
SELECT
  id, project, kind, source, received_at, key, content_type, headers, body, body_encoding, size, parent_id, duplicate_of, origin, search_text
FROM message_rows FINAL;

CREATE OR REPLACE VIEW runs AS
SELECT
  id, project, job, job_version, adaptor, message_id, parent_run_id, retry_of, trigger, trigger_kind, status, error_type, error_message,
  exit_code, attempts, starts, queued_at, started_at, finished_at, duration_ms, input, final_state, error_line, error_column,
  error_operation, error_details, depth, key, search_text
FROM run_rows FINAL;
