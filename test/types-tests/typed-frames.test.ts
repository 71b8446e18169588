/** What the compiler knows of rows: `npm run types` checks these; run as a test they only show that the calls work. */
import { expect, expectTypeOf, test } from 'vitest'
import {
  col,
  type DataFrame,
  functions,
  type ListState,
  type MapState,
  millrace,
  type Row,
  type RowOf,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
  type Timestamp,
  type ValueState,
  window,
} from '../../src/index.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })

test('DDL text is read by the compiler', () => {
  expectTypeOf<RowOf<'ts TIMESTAMP, user STRING NOT NULL'>>().toEqualTypeOf<{ ts: Timestamp | null; user: string }>()
  expectTypeOf<RowOf<'a INT, b bigint, c Double, d boolean, e DECIMAL(10, 2), f date, g BINARY'>>().toEqualTypeOf<{
    a: number | null
    b: bigint | null
    c: number | null
    d: boolean | null
    e: string | null
    f: string | null
    g: Uint8Array | null
  }>()
  expectTypeOf<
    RowOf<'a ARRAY<INT>, m MAP<STRING, ARRAY<BIGINT>>, s STRUCT<x: INT, y: STRUCT<z: STRING>>, n INT'>
  >().toEqualTypeOf<{
    a: (number | null)[] | null
    m: Map<string, (bigint | null)[] | null> | null
    s: { x: number | null; y: { z: string | null } | null } | null
    n: number | null
  }>()
  expectTypeOf<
    RowOf<`
      id   INT NOT NULL COMMENT 'the key',
      name STRING,
      \`odd name\` DECIMAL(10,2) not null`>
  >().toEqualTypeOf<{ id: number; name: string | null; 'odd name': string }>()
  expectTypeOf<RowOf<string>>().toEqualTypeOf<Row>()
})

test('rows of sources with a literal schema are typed', async () => {
  const clicks = session.createDataFrame(
    [{ ts: new Date(0), user: 'ann', n: 1 }],
    'ts TIMESTAMP, user STRING NOT NULL, n INT',
  )
  const [first] = await clicks.collect()
  expectTypeOf(first!).toEqualTypeOf<{ ts: Timestamp | null; user: string; n: number | null }>()
  expect(first!.user).toBe('ann')
  const stream = session.readStream
    .format('json')
    .schema('ts TIMESTAMP, user STRING')
    .load(import.meta.dirname)
  expectTypeOf(stream).toEqualTypeOf<DataFrame<{ ts: Timestamp | null; user: string | null }>>()
  expectTypeOf(session.memoryStream('id INT').df).toEqualTypeOf<DataFrame<{ id: number | null }>>()
  expectTypeOf(session.readStream.format('rate').load()).toEqualTypeOf<
    DataFrame<{ timestamp: Timestamp; value: bigint }>
  >()
  const inferred = session.createDataFrame([{ a: 1, b: 'x', c: new Date(0) }])
  expectTypeOf(inferred).toEqualTypeOf<DataFrame<{ a: number | bigint; b: string; c: Timestamp }>>()
})

test('column names are checked, and what is selected is what rows have', async () => {
  const clicks = session.createDataFrame([], 'ts TIMESTAMP, user STRING, n INT')
  expectTypeOf(await clicks.select('user', 'n').collect()).toEqualTypeOf<{ user: string | null; n: number | null }[]>()
  // @ts-expect-error there is no such column
  expect(() => clicks.select('usr')).toThrow(/did you mean "user"/)
  // @ts-expect-error there is no such column
  expect(() => clicks.groupBy('usr').count()).toThrow(/did you mean "user"/)
  // @ts-expect-error there is no such column
  expect(() => clicks.orderBy('usr')).toThrow(/did you mean "user"/)
  // @ts-expect-error there is no such column
  expect(() => clicks.withWatermark('tss', '1 second')).toThrow(/did you mean "ts"/)
  // @ts-expect-error there is no such column
  expect(() => clicks.dropDuplicates('usr')).toThrow(/did you mean "user"/)
  expectTypeOf(clicks.select(col('n').plus(1).as('m'), 'user')).toEqualTypeOf<DataFrame>()
  expectTypeOf(clicks.groupBy('user').count()).toEqualTypeOf<DataFrame<{ user: string | null; count: bigint }>>()
  const groups = await clicks.groupBy('user').agg(functions.count('n').as('c')).collect()
  expectTypeOf<(typeof groups)[0]['user']>().toEqualTypeOf<string | null>()
  expectTypeOf<(typeof groups)[0]['c']>().toEqualTypeOf<unknown>()
  expectTypeOf(clicks.drop('n')).toEqualTypeOf<DataFrame<{ ts: Timestamp | null; user: string | null }>>()
  expectTypeOf(clicks.withColumnRenamed('n', 'm').select('m')).toEqualTypeOf<DataFrame<{ m: number | null }>>()
  expectTypeOf(clicks.withColumn('x', col('n')).select('x', 'n')).toEqualTypeOf<
    DataFrame<{ x: unknown; n: number | null }>
  >()
  expectTypeOf(clicks.where('n > 1').limit(1).distinct().orderBy('n')).toEqualTypeOf<typeof clicks>()
  expectTypeOf(clicks.groupBy(window('ts', '1 minute'), 'user').count()).toMatchTypeOf<DataFrame>()
  expectTypeOf(clicks.select('*')).toEqualTypeOf<DataFrame>()
})

test('closures see typed rows and give them', async () => {
  const clicks = session.createDataFrame([{ user: 'ann', n: 1 }], 'user STRING NOT NULL, n INT NOT NULL')
  const doubled = clicks.map((c) => {
    expectTypeOf(c).toEqualTypeOf<{ user: string; n: number }>()
    return { who: c.user, n: c.n * 2 }
  })
  expectTypeOf(await doubled.collect()).toEqualTypeOf<{ who: string; n: number }[]>()
  // @ts-expect-error there is no such member
  expect(await clicks.map((c) => String(c.usr), 'STRING').collect()).toEqual([{ value: 'undefined' }])
  // @ts-expect-error a number has no such method
  await expect(clicks.filter((c) => c.n.startsWith('a')).collect()).rejects.toThrow(/FAILED_EXECUTE_UDF/)
  expectTypeOf(clicks.map((c) => c.n, 'INT')).toEqualTypeOf<DataFrame<{ value: number | null }>>()
  expectTypeOf(clicks.map((c) => [c.n, 'x'], 'a INT, b STRING')).toEqualTypeOf<
    DataFrame<{ a: number | null; b: string | null }>
  >()
  expectTypeOf(clicks.map((c) => c.n).filter((n) => n > 1)).toEqualTypeOf<DataFrame<{ value: number }>>()

  const lines = session.read.text(import.meta.dirname)
  const counts = lines
    .flatMap((l) => l.split(' '))
    .groupBy('value')
    .count()
  expectTypeOf(counts).toEqualTypeOf<DataFrame<{ value: string; count: bigint }>>()

  const best = clicks.groupByKey((c) => c.user).reduceGroups((l, r) => (l.n > r.n ? l : r))
  expectTypeOf(await best.collect()).toEqualTypeOf<{ key: string; value: { user: string; n: number } }[]>()
  expectTypeOf(clicks.groupByKey((c) => c.user).mapGroups((key, rows) => ({ key, n: [...rows][0]!.n }))).toEqualTypeOf<
    DataFrame<{ key: string; n: number }>
  >()

  const kept = clicks
    .groupByKey((c) => c.user)
    .mapGroupsWithState(
      (key, rows, state) => {
        expectTypeOf(key).toEqualTypeOf<string>()
        expectTypeOf(rows).toEqualTypeOf<Iterable<{ user: string; n: number }>>()
        state.update({ n: 1, last: new Date(0) })
        expectTypeOf(state.get()).toEqualTypeOf<{ n: bigint; last: Timestamp | null }>()
        return { key, n: state.get().n }
      },
      { state: 'n BIGINT NOT NULL, last TIMESTAMP', result: 'key STRING, n BIGINT NOT NULL' },
    )
  expectTypeOf(await kept.collect()).toEqualTypeOf<{ key: string | null; n: bigint }[]>()
  clicks
    .groupByKey((c) => c.user)
    .flatMapGroupsWithState((_key, _rows, state) => [expectTypeOf(state.getOption()).toEqualTypeOf<number | null>()], {
      state: 'INT',
      result: 'INT',
      outputMode: 'append',
    })
})

test('a Standard Schema object gives the types and the columns', async () => {
  const user = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) => ({ value }),
      types: undefined as { input: unknown; output: { name: string; age?: number; tags: string[] } } | undefined,
      jsonSchema: {
        output: () => ({
          type: 'object',
          properties: {
            name: { type: 'string' },
            age: { type: 'integer', minimum: 0, maximum: 200 },
            tags: { type: 'array', items: { type: 'string' } },
          },
          required: ['name', 'tags'],
        }),
      },
    },
  }
  const users = session.createDataFrame([{ name: 'ann', tags: ['x'] }], user)
  expectTypeOf(await users.collect()).toEqualTypeOf<{ name: string; age: number | null; tags: string[] }[]>()
  expect(users.dtypes).toEqual([
    ['name', 'string'],
    ['age', 'int'],
    ['tags', 'array<string>'],
  ])
  expect(users.schema.fields.map((f) => f.nullable)).toEqual([false, true, false])
  expectTypeOf(session.readStream.schema(user).load).returns.toEqualTypeOf<typeof users>()
  expect(await users.map((u) => ({ name: u.name, tags: u.tags }), user).collect()).toEqual([
    { name: 'ann', age: null, tags: ['x'] },
  ])
  const silent = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } }
  expect(() => session.createDataFrame([], silent)).toThrow(/SCHEMA_WITHOUT_COLUMNS.*no JSON Schema/s)
})

test('what is not known stays open, and everything is a DataFrame', () => {
  const open: DataFrame = session.sql('SELECT 1 AS a')
  expectTypeOf(open.select('a')).toEqualTypeOf<DataFrame>()
  const ddl: string = 'a INT'
  expectTypeOf(session.createDataFrame([], ddl)).toEqualTypeOf<DataFrame>()
  const take = (df: DataFrame): readonly string[] => df.columns
  expect(take(session.createDataFrame([], 'a INT'))).toEqual(['a'])
  expectTypeOf(open.as<{ a: number }>()).toEqualTypeOf<DataFrame<{ a: number }>>()
  expectTypeOf(open.as('a INT NOT NULL')).toEqualTypeOf<DataFrame<{ a: number }>>()
  expect(open.as('a BIGINT').dtypes).toEqual([['a', 'bigint']])
})

test('a stateful processor: states, key, rows and results', async () => {
  const processor = new (class Totals extends StatefulProcessor<string, { user: string; n: number }> {
    #total!: ValueState<bigint>
    #seen!: MapState<string, { at: Timestamp | null; n: number }>
    override init(handle: StatefulProcessorHandle): void {
      this.#total = handle.getValueState('total', 'BIGINT')
      this.#seen = handle.getMapState('seen', 'STRING', 'at TIMESTAMP, n INT NOT NULL')
      expectTypeOf(handle.getListState('list', 'a INT, b STRING NOT NULL')).toEqualTypeOf<
        ListState<{ a: number | null; b: string }>
      >()
      // @ts-expect-error a map of strings is none of numbers
      const wrong: MapState<number, number> = handle.getMapState('wrong', 'STRING', 'INT')
      expect(wrong).toBeDefined()
    }
    override *handleInputRows(user: string, rows: Iterable<{ n: number }>) {
      expectTypeOf(this.#total.get()).toEqualTypeOf<bigint | null>()
      expectTypeOf(this.#seen.getValue(user)).toEqualTypeOf<{ at: Timestamp | null; n: number } | null>()
      for (const { n } of rows) this.#total.update(n)
      this.#seen.updateValue(user, { at: new Date(0), n: 1 })
      // @ts-expect-error a BIGINT does not take text
      if (user === '') this.#total.update('many')
      yield { user, n: 1 }
    }
  })()
  const frame = session
    .createDataFrame([{ user: 'ann', n: 1 }], 'user STRING NOT NULL, n INT NOT NULL')
    .groupByKey((r) => r.user)
  const totals = frame.transformWithState(processor, { result: 'user STRING, n INT', timeMode: TimeMode.None })
  expectTypeOf(totals).toEqualTypeOf<DataFrame<{ user: string | null; n: number | null }>>()
  expect(await totals.collect()).toEqual([{ user: 'ann', n: 1 }])
  const numbered = frame.mapGroups((user) => user).groupByKey((r) => r.length)
  // @ts-expect-error the processor is for keys that are strings
  expect(() => numbered.transformWithState(processor, { result: 'STRING' })).not.toThrow()
})
