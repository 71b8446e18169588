import * as arrow from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { importArrow } from '../../src/columns/arrow/library.ts'
import { batchesFromArrow } from '../../src/columns/arrow/read.ts'
import type { ArrowBatch } from '../../src/columns/arrow/shapes.ts'
import { arrowSchemaOf, schemaFromArrow } from '../../src/columns/arrow/types.ts'
import { recordBatchOf } from '../../src/columns/arrow/write.ts'
import { Batch } from '../../src/columns/batch.ts'
import { batchOf, vectorOf } from '../../src/columns/builder.ts'
import { asShape, BytesVector, ListVector } from '../../src/columns/vector.ts'
import { type ArrowTable, millrace } from '../../src/index.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  BOOLEAN,
  CALENDAR_INTERVAL,
  type DataType,
  dayTimeInterval,
  decimal,
  DOUBLE,
  field,
  INT,
  mapOf,
  type Schema,
  schemaOf,
  STRING,
  structOf,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  typeName,
  yearMonthInterval,
} from '../../src/types/data-type.ts'
import { CalendarInterval, MapValue, type Value } from '../../src/types/value.ts'
import { SAMPLES } from './every-type.ts'

const lib = await importArrow('a test')

const toArrow = (batch: Batch): arrow.RecordBatch =>
  recordBatchOf(lib, arrowSchemaOf(lib, batch.schema, 'Europe/Berlin'), batch)

/** Over IPC bytes, as another program would get them. */
function sent(record: arrow.RecordBatch, kind: 'file' | 'stream'): arrow.RecordBatch {
  const table = new arrow.Table(record.schema, [record])
  return arrow.tableFromIPC(arrow.tableToIPC(table, kind)).batches[0]!
}

function fromArrow(record: arrow.RecordBatch, schema?: Schema): Batch[] {
  const given = record as unknown as ArrowBatch
  return [...batchesFromArrow(given, schema ?? schemaFromArrow(given.schema), 'here')]
}

const rowsOf = (batches: readonly Batch[]): Value[][] =>
  batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i).map(plain)))

/** Bytes without the methods of Buffer. */
function plain(v: Value): Value {
  if (v instanceof Uint8Array) return new Uint8Array(v)
  if (v instanceof MapValue) return new MapValue(v.keys.map(plain), v.values.map(plain))
  return Array.isArray(v) ? (v as Value[]).map(plain) : v
}

/** A type and values of it. */
const SPLIT: readonly { readonly name: string; readonly type: DataType; readonly values: readonly Value[] }[] = [
  ...SAMPLES,
  { name: 'interval hour to minute', type: dayTimeInterval('hour', 'minute'), values: [0n, 3_660_000_000n] },
  { name: 'interval year', type: yearMonthInterval('year', 'year'), values: [0, 24] },
]

describe.each(SPLIT)('$name', ({ type, values }) => {
  const withNulls: Value[] = [null, null, ...values.flatMap((v) => [v, null, v])]
  const nested = schemaOf(
    field('v', type),
    field('list', arrayOf(type)),
    field('s', structOf([field('a', type), field('b', arrayOf(arrayOf(type)))])),
    field('m', mapOf(STRING, type)),
  )
  const rows = withNulls.map((v, i): Value[] => [
    v,
    i % 4 === 0 ? null : [v, null, ...values],
    i % 3 === 0 ? null : [v, i % 5 === 0 ? null : [[v], null, []]],
    i % 5 === 0 ? null : new MapValue(i % 2 === 0 ? [] : ['k', 'n'], i % 2 === 0 ? [] : [v, null]),
  ])
  const batch = batchOf(nested, rows)

  test.each([['memory'], ['file'], ['stream']] as const)('comes back the same over %s', (way) => {
    const record = way === 'memory' ? toArrow(batch) : sent(toArrow(batch), way)
    const back = fromArrow(record)
    expect(back[0]!.schema.fields.map((f) => typeName(f.type))).toEqual(nested.fields.map((f) => typeName(f.type)))
    expect(rowsOf(back)).toEqual(rows)
  })

  test('a selection gives the rows that count', () => {
    const chosen = Int32Array.of(values.length, 1, 0, 3 * values.length)
    const back = fromArrow(sent(toArrow(batch.select(chosen)), 'stream'))
    expect(rowsOf(back)).toEqual([...chosen].map((r) => rows[r]!))
  })

  test('no rows, and only NULLs', () => {
    expect(toArrow(batchOf(nested, [])).numRows).toBe(0)
    const none = batchOf(
      nested,
      Array.from({ length: 70 }, () => [null, null, null, null]),
    )
    expect(rowsOf(fromArrow(sent(toArrow(none), 'file')))).toEqual(rowsOf([none]))
  })

  test('parts of a batch are its rows', () => {
    const whole = toArrow(batch)
    expect(rowsOf(fromArrow(whole.slice(1, rows.length - 1)))).toEqual(rows.slice(1, -1))
    expect(rowsOf(fromArrow(sent(whole.slice(2, rows.length), 'stream')))).toEqual(rows.slice(2))
  })
})

test('what apache-arrow itself makes of the values', () => {
  const schema = schemaOf(
    field('t', TIMESTAMP),
    field('n', TIMESTAMP_NTZ),
    field('b', BOOLEAN),
    field('d', decimal(10, 2)),
    field('w', decimal(30, 0)),
    field('s', STRING),
  )
  const record = toArrow(
    batchOf(schema, [
      [1_000_000n, null, true, -150n, 1n << 80n, 'grüß'],
      [null, 5n, false, null, null, ''],
    ]),
  )
  expect(record.schema.fields.map((f) => String(f.type))).toEqual([
    'Timestamp<MICROSECOND, Europe/Berlin>',
    'Timestamp<MICROSECOND>',
    'Bool',
    'Decimal[10e+2]',
    'Decimal[30e0]',
    'Utf8',
  ])
  expect([0, 1].map((i) => record.getChild('b')!.get(i))).toEqual([true, false])
  expect([0, 1].map((i) => record.getChild('s')!.get(i))).toEqual(['grüß', ''])
  expect(record.getChild('t')!.get(0)).toBe(1000)
  expect(record.getChild('d')!.nullCount).toBe(1)
})

test('numbers, wide decimals and the positions of texts share memory both ways', () => {
  const schema = schemaOf(field('i', INT), field('l', BIGINT), field('d', DOUBLE), field('w', decimal(38, 0)))
  const batch = batchOf(schema, [
    [1, 2n, 3, 4n],
    [5, 6n, 7, 8n],
  ])
  const record = toArrow(batch)
  for (const [i, column] of batch.columns.entries())
    expect((record.data.children[i]!.values as Int32Array).buffer).toBe(
      (column as { values: Int32Array }).values.buffer,
    )
  const [back] = fromArrow(record)
  for (const [i, column] of back!.columns.entries())
    expect((column as { values: Int32Array }).values.buffer).toBe(
      (batch.columns[i] as { values: Int32Array }).values.buffer,
    )

  const text = toArrow(batchOf(schemaOf(field('s', STRING)), [['a'], ['bc'], ['']]))
  const [read] = fromArrow(text)
  const column = asShape(read!.columns[0]!, 'bytes')
  expect(column.starts.buffer).toBe(text.data.children[0]!.valueOffsets.buffer)
  expect(column.ends.buffer).toBe(column.starts.buffer)
  const again = toArrow(read!)
  expect(again.data.children[0]!.valueOffsets.buffer).toBe(column.starts.buffer)
  expect(again.data.children[0]!.values.buffer).toBe(column.data.buffer)
})

test('texts and lists that lie anywhere are set one behind the other', () => {
  const text = new BytesVector(
    STRING,
    Buffer.from('abcdef'),
    Int32Array.of(3, 99, 0, 2),
    Int32Array.of(6, -7, 2, 4),
    Uint8Array.of(1, 0, 1, 1),
  )
  const list = new ListVector(
    arrayOf(STRING),
    Int32Array.of(2, 0, 5, 0),
    Int32Array.of(4, 0, 1, 1),
    text,
    Uint8Array.of(1, 1, 0, 1),
  )
  const batch = new Batch(schemaOf(field('s', STRING), field('l', arrayOf(STRING))), [text, list], 4)
  const expected = [
    ['def', ['ab', 'cd']],
    [null, []],
    ['ab', null],
    ['cd', ['def']],
  ]
  expect(rowsOf(fromArrow(toArrow(batch)))).toEqual(expected)
  expect(rowsOf(fromArrow(sent(toArrow(batch), 'file')))).toEqual(expected)
})

test('Arrow types of other programs are read as the nearest SQL type', () => {
  const of = (values: unknown[], type: arrow.DataType): arrow.Vector => arrow.vectorFromArray(values, type)
  const table = new arrow.Table({
    u8: of([255, null], new arrow.Uint8()),
    u32: of([4294967295, null], new arrow.Uint32()),
    u64: of([18446744073709551615n, null], new arrow.Uint64()),
    half: of([1.5, null], new arrow.Float16()),
    ms: of([new Date(1500), null], new arrow.TimestampMillisecond('UTC')),
    s: of([new Date(2000), null], new arrow.TimestampSecond()),
    dict: of(['x', null], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8())),
    large: of(['long', null], new arrow.LargeUtf8()),
    fixed: of([Uint8Array.of(1, 2), null], new arrow.FixedSizeBinary(2)),
    pair: of([[1, 2], null], new arrow.FixedSizeList(2, new arrow.Field('item', new arrow.Int32()))),
    view: of(['a text of more than twelve bytes', null], new arrow.Utf8View()),
    short: of(['short', null], new arrow.Utf8View()),
    date: of([new Date(-86_400_000), null], new arrow.DateMillisecond()),
  })
  for (const t of [table, arrow.tableFromIPC(arrow.tableToIPC(table))]) {
    const [batch] = fromArrow(t.batches[0]!)
    expect(batch!.schema.fields.map((f) => `${f.name} ${typeName(f.type)}`)).toEqual([
      'u8 smallint',
      'u32 bigint',
      'u64 decimal(20,0)',
      'half float',
      'ms timestamp',
      's timestamp_ntz',
      'dict string',
      'large string',
      'fixed binary',
      'pair array<int>',
      'view string',
      'short string',
      'date date',
    ])
    expect(batch!.row(0).map(plain)).toEqual([
      255,
      4294967295n,
      18446744073709551615n,
      1.5,
      1_500_000n,
      2_000_000n,
      'x',
      'long',
      Uint8Array.of(1, 2),
      [1, 2],
      'a text of more than twelve bytes',
      'short',
      -1,
    ])
    expect(batch!.row(1)).toEqual(Array.from({ length: 13 }, () => null))
  }
})

test('wide decimals of 256 bits, large lists, views of bytes and day-time intervals', () => {
  const column = (type: arrow.DataType, parts: object): arrow.Vector =>
    new arrow.Vector([arrow.makeData({ type, length: 2, nullCount: 0, ...parts } as never) as arrow.Data])
  const numbers = Int32Array.of(5, 0, 0, 0, 0, 0, 0, 0, -7, -1, -1, -1, -1, -1, -1, -1)
  const list = new arrow.LargeList(new arrow.Field('item', new arrow.Int32(), true))
  const child = arrow.makeData({ type: new arrow.Int32(), data: Int32Array.of(1, 2, 3) })
  const table = new arrow.Table({
    narrow: column(new arrow.Decimal(2, 10, 256), { data: new Uint32Array(numbers.buffer) }),
    wide: column(new arrow.Decimal(0, 38, 256), { data: new Uint32Array(numbers.slice().buffer) }),
    list: column(list, { valueOffsets: BigInt64Array.of(0n, 1n, 3n), child }),
    dt: column(new arrow.IntervalDayTime(), { data: Int32Array.of(1, 2, -1, 0) }),
    view: arrow.vectorFromArray([Uint8Array.of(1), new Uint8Array(20)], new arrow.BinaryView()),
  })
  const first = [5n, 5n, [1], 86_400_002_000n, Uint8Array.of(1)]
  const second = [-7n, -7n, [2, 3], -86_400_000_000n, new Uint8Array(20)]
  for (const t of [table, arrow.tableFromIPC(arrow.tableToIPC(table))])
    expect(rowsOf(fromArrow(t.batches[0]!))).toEqual([first, second])
})

test('units of times are converted, and what does not fit is refused', () => {
  const of = (type: arrow.DataType, value: bigint): ArrowBatch => {
    const data = arrow.makeData({ type, data: BigInt64Array.of(value), length: 1, nullCount: 0 } as never) as arrow.Data
    return new arrow.Table({ v: new arrow.Vector([data]) }).batches[0] as never
  }
  const read = (b: ArrowBatch): Value => rowsOf([...batchesFromArrow(b, schemaFromArrow(b.schema), 'here')])[0]![0]!
  expect(read(of(new arrow.TimestampNanosecond(), -1n))).toBe(-1n)
  expect(read(of(new arrow.TimestampNanosecond(), 1999n))).toBe(1n)
  expect(read(of(new arrow.DurationMillisecond(), -2n))).toBe(-2000n)
  expect(() => read(of(new arrow.TimestampSecond(), 1n << 62n))).toThrow('does not fit microseconds')
  const far = batchOf(schemaOf(field('v', CALENDAR_INTERVAL)), [[new CalendarInterval(0, 0, 1n << 60n)]])
  expect(() => toArrow(far)).toThrow('does not fit Arrow')
})

test('a type without a SQL type, a second column of one name and another type than asked are refused', () => {
  const time = arrow.tableFromArrays({ a: [1] })
  const odd = { schema: { fields: [new arrow.Field('t', new arrow.TimeSecond())] } }
  expect(() => schemaFromArrow(odd.schema as never)).toThrow(
    'the Arrow type Time32<SECOND> of column "t" has no SQL type',
  )
  const twice = { fields: [new arrow.Field('a', new arrow.Int32()), new arrow.Field('a', new arrow.Utf8())] }
  expect(() => schemaFromArrow(twice as never)).toThrow('column "a" is there twice')
  expect(() => fromArrow(time.batches[0]!, schemaOf(field('a', STRING)))).toThrow('column "a" is double, not string')
})

test('wanted columns and members only; what is not there is NULL', () => {
  const whole = schemaOf(field('a', INT), field('s', structOf([field('x', INT), field('y', BINARY)])), field('b', INT))
  const record = toArrow(batchOf(whole, [[1, [2, null], 3]]))
  const some = schemaOf(
    field('B', INT),
    field('s', structOf([field('x', INT), field('z', STRING)])),
    field('gone', BIGINT),
  )
  expect(rowsOf(fromArrow(record, some))).toEqual([[3, [2, null], null]])
  expect(rowsOf(fromArrow(record, schemaOf()))).toEqual([[]])
})

test('batches hold at most 8192 rows', () => {
  const schema = schemaOf(field('i', INT), field('b', BOOLEAN))
  const values = Array.from({ length: 20_001 }, (_, i) => (i % 7 === 0 ? null : i))
  const flags = values.map((v) => (v === null ? null : v % 3 === 0))
  const record = toArrow(new Batch(schema, [vectorOf(INT, values), vectorOf(BOOLEAN, flags)], values.length))
  const back = fromArrow(record)
  expect(back.map((b) => b.length)).toEqual([8192, 8192, 3617])
  expect(rowsOf(back)).toEqual(values.map((v, i) => [v, flags[i]]))
})

describe('session', () => {
  test('toArrow gives a table of apache-arrow, fromArrow takes it, or its bytes, back', async () => {
    const session = millrace({ 'spark.sql.session.timeZone': 'Europe/Berlin' })
    const df = session.sql(`
      SELECT id, concat('n', id) AS name, id % 2 = 0 AS even, CAST(id AS DECIMAL(20, 2)) / 4 AS q, array(id, NULL) AS l,
        map('k', id) AS m, named_struct('a', id, 'b', DATE'2024-02-29') AS s, TIMESTAMP'2024-01-01 00:00:00' AS t
      FROM range(10000) WHERE id % 3 <> 0`)
    const table = await df.toArrow<arrow.Table>()
    expect(table).toBeInstanceOf(arrow.Table)
    expect(table.numRows).toBe(6666)
    expect(table.get(1)!.toJSON()).toMatchObject({ id: 2n, name: 'n2', even: true })
    const untyped: ArrowTable = await df.toArrow()
    expect([untyped.numCols, untyped.getChild('id')!.get(0)]).toEqual([8, 1n])
    const rows = await df.collect()
    expect(await session.fromArrow(table).collect()).toEqual(rows)
    for (const kind of ['file', 'stream'] as const) {
      const bytes = arrow.tableToIPC(table, kind)
      expect(await session.fromArrow(bytes).collect()).toEqual(rows)
      // Bytes that begin anywhere.
      const shifted = new Uint8Array(bytes.length + 1)
      shifted.set(bytes, 1)
      expect(await session.fromArrow(shifted.subarray(1)).collect()).toEqual(rows)
    }
  })

  test('columns that share memory come back from IPC bytes', async () => {
    const session = millrace()
    for (const query of [
      'SELECT id, id AS same, struct(id, id AS again) AS s FROM range(16)',
      "SELECT s, s AS t, array(s) AS l, map(s, s) AS m FROM (SELECT concat('abcdefg', id) AS s FROM range(8))",
      'SELECT w, w AS x, l, l AS k FROM (SELECT CAST(id AS DECIMAL(30)) AS w, array(id, id) AS l FROM range(16))',
    ]) {
      const df = session.sql(query)
      const table = await df.toArrow<arrow.Table>()
      for (const kind of ['file', 'stream'] as const)
        expect(await session.fromArrow(arrow.tableToIPC(table, kind)).collect()).toEqual(await df.collect())
      // A table from Arrow, whose columns lie in one block of memory, once more.
      const again = await session.fromArrow(arrow.tableToIPC(table)).select('*', '*').toArrow<arrow.Table>()
      expect(arrow.tableFromIPC(arrow.tableToIPC(again)).toArray().map(String)).toEqual(again.toArray().map(String))
    }
  })

  test('over a table from Arrow everything runs', async () => {
    const session = millrace()
    session
      .fromArrow(arrow.tableFromArrays({ k: ['a', 'b', 'a'], n: Int32Array.of(1, 2, 3) }))
      .createOrReplaceTempView('t')
    expect(await session.sql('SELECT k, sum(n) AS n FROM t GROUP BY k ORDER BY k').collect()).toEqual([
      { k: 'a', n: 4n },
      { k: 'b', n: 2n },
    ])
    expect(await session.sql('SELECT count(*) AS c FROM t').collect()).toEqual([{ c: 3n }])
  })

  test('tables without rows, and columns of one name', async () => {
    const session = millrace()
    const empty = await session.sql('SELECT id, CAST(id AS STRING) AS s FROM range(0)').toArrow<arrow.Table>()
    expect([empty.numRows, empty.schema.names]).toEqual([0, ['id', 's']])
    expect(session.fromArrow(empty).columns).toEqual(['id', 's'])
    expect(await session.fromArrow(arrow.tableToIPC(empty)).collect()).toEqual([])
    const twice = await session.sql('SELECT 1 AS a, 2 AS a').toArrow<arrow.Table>()
    expect(twice.get(0)!.toJSON()).toEqual({ a: 1, a_2: 2 })
  })

  test('what is no Arrow is refused', async () => {
    const session = millrace()
    expect(() => session.fromArrow(Buffer.from('not Arrow at all'))).toThrow('these are no Arrow IPC data')
    expect(() => session.fromArrow(new Uint8Array(0))).toThrow('these are no Arrow IPC data')
    const bytes = arrow.tableToIPC(
      arrow.tableFromArrays({ a: Int32Array.from({ length: 1000 }, (_, i) => i) }),
      'stream',
    )
    expect(() => session.fromArrow(bytes.subarray(0, 600))).toThrow('fromArrow()')
    expect(() => session.fromArrow({} as never)).toThrow('an Arrow table')
    await expect(session.readStream.format('rate').load().toArrow()).rejects.toThrow('toArrow')
  })
})
