import type { FunctionEntry, Param } from '../../src/functions/entry.ts'
import { MapValue, type Value } from '../../src/types/value.ts'

/** Texts that functions understand, by the name of the parameter that takes them; any text is a fault to most of them. */
const WORDS: Readonly<Record<string, readonly Value[]>> = {
  algorithm: ['SHA256', 'sha512', 'md5'],
  charset: ['UTF-8', 'UTF-16', 'UTF-16LE', 'US-ASCII', 'ISO-8859-1'],
  collation: ['UTF8_BINARY', 'UTF8_LCASE', 'UNICODE_CI'],
  csv: ['1,abc', '"a ""b"",c",2', ',', '1;2', 'x'],
  day_of_week: ['MON', 'tuesday', 'Su', 'x'],
  delimiter: [',', '', 'a', '||', 'é'],
  escape: ['\\', '/', '%'],
  field: ['YEAR', 'month', 'SECONDS', 'DOW', 'week', 'QUARTER', 'epoch'],
  format: ['999.99', 'S9G999D99', '$99,999', 'MI0000', 'hex', 'utf-8', 'base64', '%d %s|%5.2f', '#,##0.0', '%s'],
  json: [
    '{"a":1,"b":"x"}',
    '{"a":{"b":[1,2,{"c":null}]}}',
    '[1,2,3]',
    '{"a":"2024-01-01"',
    '{"a":9223372036854775808}',
  ],
  mode: ['GCM', 'CBC', 'ECB'],
  name: ['a', 'b', 'missing'],
  options: [
    new MapValue(['mode'], ['FAILFAST']),
    new MapValue(['delimiter'], [';']),
    new MapValue(['timestampFormat'], ['yyyy-MM-dd HH']),
    new MapValue([], []),
  ],
  padding: ['DEFAULT', 'PKCS', 'NONE'],
  part: ['HOST', 'PATH', 'QUERY', 'REF', 'PROTOCOL', 'FILE', 'AUTHORITY', 'USERINFO'],
  path: ['$', '$.a', '$.a.b[1]', '$.a.b[*].c', '$[0]', "$['a']", '$..a', '$.'],
  pattern: [
    'yyyy-MM-dd',
    'yyyy-MM-dd HH:mm:ss.SSS',
    'E, d MMM y h:m a',
    'DDD',
    'VV',
    'G',
    'xxx',
    '%a_',
    '_\\%%',
    'yyyyMMdd',
  ],
  regexp: ['(a+)(b)?', '\\d+', '(?i)A', '^|$', '[^,]+', '(', '.', '\\p{L}', 'a|', '(?<n>x)'],
  replacement: ['$1', '\\$', '', '${n}', '$9'],
  schema: [
    'a INT, b STRING',
    'a BIGINT',
    'a STRUCT<b: ARRAY<INT>>',
    'a DATE',
    'ARRAY<INT>',
    'a DOUBLE, _corrupt_record STRING',
  ],
  source_zone: ['UTC', 'America/New_York', '+05:30'],
  time_zone: ['UTC', 'America/New_York', '+05:30', 'Asia/Kathmandu', 'PST'],
  unit: ['YEAR', 'month', 'DAY', 'HOUR', 'week', 'QUARTER', 'MICROSECOND', 'DD', 'x'],
  url: ['https://u:p@h.example:81/p/a?q=1&r=%20#f', 'http://[::1]/', 'x', 'a%20b+c', '%zz'],
}

/** Functions whose result grows with a number among the arguments: their numbers are small, or more than they take. */
export const GROWING: ReadonlySet<string> = new Set(
  'array_insert array_repeat format_number format_string lpad repeat rpad sequence space'.split(' '),
)

/** The words for a parameter of an entry; none where any value will do. */
export function wordsFor(entry: FunctionEntry, param: Param): readonly Value[] | undefined {
  return (entry.group === 'math' ? undefined : WORDS[param.name]) ?? undefined
}
