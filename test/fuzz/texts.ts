import { MillraceError } from '../../src/errors/errors.ts'
import { MillraceSession } from '../../src/session.ts'
import { parseSchema, parseType } from '../../src/types/ddl.ts'
import { formatterOf } from '../../src/functions/datetime/formatter.ts'
import { parserOf } from '../../src/functions/datetime/parser.ts'
import { zoneOf } from '../../src/types/time.ts'
import { pick, seeded } from '../expr/random-values.ts'

/** Pieces of each language that is read from a text, apart from SQL. */
const PIECES: Readonly<Record<string, readonly string[]>> = {
  schema: [
    'a',
    ' ',
    'INT',
    'STRUCT<',
    'ARRAY<',
    'MAP<',
    '>',
    ',',
    ':',
    'DECIMAL(',
    '38',
    ')',
    '`',
    'NOT NULL',
    "COMMENT 'x'",
    'STRING',
    '😀',
    '{"type":',
    '"struct"',
    '}',
    '[',
  ],
  path: ['$', '.', 'a', '[', ']', '*', '0', "'", '"', '..', '\\', ' ', '-1', '😀', '99999999999'],
  regexp: [
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '?',
    '*',
    '+',
    '|',
    '^',
    '$',
    '\\',
    'a',
    '1',
    '(?:',
    '(?<',
    '(?i)',
    '\\p{',
    'L',
    '\\Q',
    '\\E',
    '&&',
    '-',
    ',',
    '😀',
    '\uD83D',
    '.',
  ],
  datetime: [
    'y',
    'M',
    'd',
    'H',
    'm',
    's',
    'S',
    'E',
    'a',
    'z',
    'V',
    'x',
    'X',
    "'",
    '[',
    ']',
    '-',
    '/',
    ' ',
    'G',
    'u',
    'D',
    'Q',
    'e',
    '#',
    '{',
    'é',
    'yyyyy',
    'SSSSSSSSSSSS',
  ],
  number: ['9', '0', '.', ',', 'S', 'MI', '$', 'PR', 'D', 'G', 'L', ' ', 'x'],
  option: [
    '|',
    ',',
    ';',
    '\\',
    '"',
    '\n',
    '\t',
    'true',
    'false',
    'FAILFAST',
    'PERMISSIVE',
    '-1',
    '1e9',
    '',
    'yyyy',
    'UTF-8',
    'x',
    '😀',
  ],
}
const OPTIONS =
  'sep delimiter quote escape mode header nullValue dateFormat timestampFormat locale maxColumns encoding comment lineSep allowComments primitivesAsString columnNameOfCorruptRecord'.split(
    ' ',
  )

export interface TextFuzz {
  readonly texts: number
  /** Texts that were taken. */
  readonly taken: number
  readonly faults: readonly string[]
}

/** Gives so many random texts to each reader: of schemas, JSON paths, patterns and options. Only errors of ours may come. */
export async function fuzzTexts(seed: number, count: number): Promise<TextFuzz> {
  const random = seeded(seed)
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { note: () => {} })
  const utc = zoneOf('UTC')
  const text = (language: string): string =>
    Array.from({ length: Math.floor(random() * 12) }, () => pick(random, PIECES[language]!)).join('')
  const quoted = (s: string): string => `'${s.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const select = (sql: string): Promise<unknown> => session.sql(`SELECT ${sql}`).collect()
  const readers: Readonly<Record<string, () => unknown>> = {
    schema: () => parseSchema(text('schema')),
    type: () => parseType(text('schema')),
    path: () => select(`get_json_object('{"a":{"b":[1,{"c":2}]}}', ${quoted(text('path'))})`),
    regexp: () => select(`regexp_replace('aab-1', ${quoted(text('regexp'))}, ${quoted(text('regexp'))})`),
    split: () => select(`split('a,b', ${quoted(text('regexp'))}), 'ab' LIKE ${quoted(text('regexp'))}`),
    format: () => formatterOf(text('datetime')).format(1_700_000_000_123_456n, utc),
    parse: () => parserOf(text('datetime'))('2026-11-20 10:20:30'),
    number: () =>
      select(`to_number('12.5', ${quoted(text('number'))}), format_number(12.5, ${quoted(text('number'))})`),
    printf: () => select(`format_string(${quoted(`%${text('number')}d %${text('regexp')}s`)}, 1, 'x')`),
    csv: () => select(`from_csv('1,x', 'a INT, b STRING', map('${pick(random, OPTIONS)}', ${quoted(text('option'))}))`),
    json: () => select(`from_json('{"a":1}', 'a INT', map('${pick(random, OPTIONS)}', ${quoted(text('option'))}))`),
    jsonText: () => select(`from_json(${quoted(text('schema') + text('path'))}, 'a INT')`),
  }
  const faults: string[] = []
  let [texts, taken] = [0, 0]
  for (let i = 0; i < count; i++)
    for (const [name, read] of Object.entries(readers)) {
      texts++
      try {
        await read()
        taken++
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code === 'INTERNAL_ERROR')
          faults.push(`${name}: ${error instanceof Error ? String(error.stack).slice(0, 600) : String(error)}`)
      }
    }
  await session.stop()
  return { texts, taken, faults }
}
