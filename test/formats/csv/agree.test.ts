import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/columns/batch.ts'
import { csvDecoder } from '../../../src/formats/csv/decode.ts'
import { CSV_DEFAULTS, type CsvDialect } from '../../../src/formats/csv/dialect.ts'
import type { ParseMode } from '../../../src/formats/line-decoder.ts'
import {
  BIGINT,
  BOOLEAN,
  DATE,
  decimal,
  DOUBLE,
  field,
  INT,
  schemaOf,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  type Schema,
} from '../../../src/types/data-type.ts'
import type { Value } from '../../../src/types/value.ts'

const ALL = schemaOf(
  field('i', INT),
  field('s', STRING),
  field('l', BIGINT),
  field('d', DOUBLE),
  field('b', BOOLEAN),
  field('da', DATE),
  field('t', TIMESTAMP),
  field('tn', TIMESTAMP_NTZ),
  field('m', decimal(10, 2)),
  field('z', STRING),
)

/** Small numbers by a seed. */
function random(seed: number): (n: number) => number {
  let x = seed * 2654435761 + 1
  return (n) => {
    x = (x * 1103515245 + 12345) % 2147483648
    return Math.floor(x / 65536) % n
  }
}

const CELLS: Readonly<Record<string, readonly string[]>> = {
  int: ['0', '-1', '2147483647', '-2147483648', '2147483648', '007', '+5', '1.0', ' 1', '12345678901'],
  string: [
    '',
    'plain',
    '""',
    '"q"',
    '"a,b"',
    '"a\\"b"',
    '"a"b"',
    'x"y',
    ' blank ',
    '日本',
    'back\\slash',
    '"',
    "it's",
    '"two\nlines"',
    '"esc\\\\"',
    'NA',
  ],
  bigint: [
    '1',
    '9007199254740993',
    '-9223372036854775808',
    '9223372036854775807',
    '9223372036854775808',
    '00012',
    '123456789012345',
    '1234567890123456',
    '-',
  ],
  double: ['1', '1.5', '-2.25e3', '.5', '5.', 'NaN', 'Inf', '-Infinity', '1d', ' 2 ', '123456789.123456789', '-0', 'x'],
  boolean: ['true', 'false', 'TRUE', 'False', 'yes', 't'],
  date: ['2020-01-31', '2020-02-30', '2020-1-3', '1969-12-31', '2020', '0001-01-01', 'x'],
  timestamp: [
    '2020-01-31 10:00:00',
    '2020-01-31T10:00:00.123456Z',
    '2020-01-31',
    '2020-03-29 02:30:00',
    '2020-01-31T10:00:00+02:00',
    '2020-01-31 25:00:00',
    '1580464800',
  ],
  timestamp_ntz: [
    '2020-01-31 10:00:00',
    '2020-01-31T10:00:00.5',
    '2020-01-31T10:00:00Z',
    '2020-01-31T10:00:00+02:00',
    '2020-01-31',
    'x',
  ],
  decimal: ['1', '-1.5', '3.456', '12345678.90', '123456789.01', '"1,234.5"', '1e2', 'x', '0.005'],
}

function line(next: (n: number) => number, mostlyGood: boolean): string {
  const cells = ALL.fields.map((f) => {
    const kinds = CELLS[f.type.kind]!
    return next(8) === 0 ? '' : kinds[mostlyGood ? next(Math.min(4, kinds.length)) : next(kinds.length)]!
  })
  const cut = next(20) === 0 ? cells.slice(0, next(cells.length)) : next(20) === 0 ? [...cells, 'more'] : cells
  return cut.join(',')
}

function decode(
  text: string,
  schema: Schema,
  dialect: Partial<CsvDialect>,
  mode: ParseMode,
  exact: boolean,
): { rows: Value[][]; slow: number } {
  const decoder = csvDecoder(
    ALL,
    schema,
    { columns: [], predicates: [] },
    {
      timeZone: 'Europe/Berlin',
      mode,
      corruptColumn: 'bad',
      // A limit on the length of values is looked at by the exact path only.
      dialect: { ...CSV_DEFAULTS, ...dialect, maxCharsPerColumn: exact ? 1_000_000 : -1 },
    },
  )
  const rows: Value[][] = []
  const sink = (b: Batch): void => {
    for (let i = 0; i < b.rowCount; i++) rows.push(b.row(i))
  }
  const bytes = Buffer.from(text)
  decoder.startFile?.()
  decoder.decode(Buffer.from(bytes), 0, bytes.length, sink)
  return { rows, slow: decoder.slowRows! }
}

const pick = (...names: string[]): Schema => ({ fields: ALL.fields.filter((f) => names.includes(f.name)) })
const SCHEMAS: readonly Schema[] = [
  ALL,
  pick('s', 'z'),
  pick('i', 'l', 'm'),
  pick('t', 'tn', 'da'),
  pick(),
  { fields: [...ALL.fields, field('bad', STRING)] },
  pick('z'),
  pick('i'),
]
const DIALECTS: readonly Partial<CsvDialect>[] = [
  {},
  { nullValue: 'NA' },
  { emptyValue: 'E' },
  { multiLine: true },
  { ignoreLeadingWhiteSpace: true, ignoreTrailingWhiteSpace: true },
  { escape: '"' },
  { quote: '' },
  { comment: '0', header: true },
]

describe('the generated CSV scan and the exact path agree', () => {
  for (let seed = 1; seed <= 24; seed++)
    it(`seed ${seed}`, () => {
      const next = random(seed)
      const dialect = DIALECTS[seed % DIALECTS.length]!
      const lines = Array.from({ length: 300 }, () => line(next, next(3) > 0))
      const text = lines.join(seed % 5 === 0 ? '\r\n' : '\n') + (seed % 2 === 0 ? '\n' : '')
      for (const schema of SCHEMAS)
        for (const mode of ['PERMISSIVE', 'DROPMALFORMED'] as const) {
          const fast = decode(text, schema, dialect, mode, false)
          const exact = decode(text, schema, dialect, mode, true)
          expect(fast.rows).toEqual(exact.rows)
          if (schema.fields.length === 1 && schema.fields[0]!.name === 'i') expect(fast.slow).toBeLessThan(exact.slow)
        }
    })

  it('reads plain and simply quoted values without the exact path', () => {
    const text = Array.from(
      { length: 1000 },
      (_, i) => `${i},"text ${i}",${i}00000000000,1.25,true,2020-01-31,2020-01-31 10:00:00,2020-01-31T10:00:00.5,1.25,`,
    ).join('\n')
    const { rows, slow } = decode(text, ALL, {}, 'FAILFAST', false)
    expect(slow).toBe(0)
    expect(rows.length).toBe(1000)
    expect(rows[999]!.slice(0, 5)).toEqual([999, 'text 999', 99900000000000n, 1.25, true])
    expect(rows[0]![9]).toBe(null)
  })

  it('drops rows early that no predicate wants', () => {
    const plan = {
      columns: [],
      predicates: [
        { column: ['i'], op: '>=' as const, literal: 90 },
        { column: ['s'], op: '=' as const, literal: 'a' },
      ],
    }
    const decoder = csvDecoder(ALL, pick('i', 's'), plan, { timeZone: 'UTC', dialect: CSV_DEFAULTS })
    const bytes = Buffer.from(Array.from({ length: 100 }, (_, i) => `${i},${i % 2 ? 'a' : 'b'},`).join('\n'))
    const rows: Value[][] = []
    decoder.decode(bytes, 0, bytes.length, (b) => {
      for (let i = 0; i < b.rowCount; i++) rows.push(b.row(i))
    })
    expect(rows.map((r) => r[0])).toEqual([91, 93, 95, 97, 99])
    expect(decoder.droppedRows).toBe(95)
  })

  it('reads blocks cut anywhere between lines, and one column without separators, in linear time', () => {
    const one = schemaOf(field('s', STRING))
    const decoder = csvDecoder(one, one, { columns: [], predicates: [] }, { timeZone: 'UTC', dialect: CSV_DEFAULTS })
    const bytes = Buffer.from('x\n'.repeat(400_000))
    let n = 0
    const start = performance.now()
    decoder.decode(bytes, 0, bytes.length, (b) => (n += b.rowCount))
    expect(n).toBe(400_000)
    expect(performance.now() - start).toBeLessThan(3000)
  })
})
