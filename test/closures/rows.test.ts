import { expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'
import { valueOf } from './plain.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
const lines = session.createDataFrame([{ value: 'the cat the dog' }, { value: 'the end' }], 'value STRING NOT NULL')

test('word count reads as in Spark', async () => {
  const counts = lines
    .flatMap((l) => l.split(' '))
    .groupBy('value')
    .count()
    .orderBy('value')
  expect(valueOf(await counts.collect())).toEqual([
    { value: 'cat', count: 1 },
    { value: 'dog', count: 1 },
    { value: 'end', count: 1 },
    { value: 'the', count: 3 },
  ])
})

test('map: values make a column value, objects make columns, a schema names them', async () => {
  const lengths = lines.map((l) => l.length)
  expect(lengths.dtypes).toEqual([['value', 'double']])
  expect(await lengths.map((n) => n * 2).collect()).toEqual([{ value: 30 }, { value: 14 }])

  const parts = lines.map((l) => ({ first: l.split(' ')[0]!, words: BigInt(l.split(' ').length), at: new Date(0) }))
  expect(parts.dtypes).toEqual([
    ['first', 'string'],
    ['words', 'bigint'],
    ['at', 'timestamp'],
  ])
  expect(valueOf(await parts.collect())).toEqual([
    { first: 'the', words: 4, at: '1970-01-01T00:00:00.000Z' },
    { first: 'the', words: 2, at: '1970-01-01T00:00:00.000Z' },
  ])

  const named = lines.map((l) => [l[0], l.length], 'initial STRING, length INT')
  expect(await named.collect()).toEqual([
    { initial: 't', length: 15 },
    { initial: 't', length: 7 },
  ])
  expect(lines.map((l) => l.length, 'INT').dtypes).toEqual([['value', 'int']])
  expect(lines.map((l) => l.split(' ')).dtypes).toEqual([['value', 'array<string>']])
  expect(lines.map((l) => l.split(' '), 'ARRAY<STRING>').dtypes).toEqual([['value', 'array<string>']])
})

test('closures see row objects with every type in the form of results', async () => {
  const df =
    session.sql(`SELECT 1 AS a, 2L AS b, 1.50BD AS c, DATE'2026-01-02' AS d, TIMESTAMP'2026-01-02 03:04:05' AS e,
    array(1, null) AS f, map('k', 1) AS g, named_struct('x', 1, 'y', 'z') AS h, CAST(NULL AS STRING) AS i`)
  const seen: unknown[] = []
  await df
    .map((row) => {
      seen.push(row)
      return 'x'
    }, 'STRING')
    .collect()
  expect(seen).toEqual(await df.collect())
})

test('filter takes a function beside a condition', async () => {
  const people = session.createDataFrame(
    [
      { name: 'ann', age: 41 },
      { name: 'bob', age: 7 },
      { name: 'cid', age: null },
    ],
    'name STRING, age INT',
  )
  expect(await people.filter((p) => p.age !== null && p.age > 18).collect()).toEqual([{ name: 'ann', age: 41 }])
  expect(await people.filter('age < 18').collect()).toEqual([{ name: 'bob', age: 7 }])
  expect(
    await people
      .filter((p) => p.age)
      .select('name')
      .collect(),
  ).toEqual([{ name: 'ann' }, { name: 'bob' }])
})

test('mapPartitions sees all rows of a table once', async () => {
  const rows = session.range(20_000).mapPartitions(function* (part) {
    let n = 0
    let sum = 0n
    for (const row of part) {
      n++
      sum += row['id'] as bigint
    }
    yield { n, sum }
  }, 'n INT, sum BIGINT')
  expect(await rows.collect()).toEqual([{ n: 20_000, sum: 199_990_000n }])
})

test('groupByKey: reduceGroups, count, keys, mapGroups and flatMapGroups', async () => {
  const sales = session.createDataFrame(
    [
      { shop: 'a', item: 'x', n: 1 },
      { shop: 'b', item: 'y', n: 2 },
      { shop: 'a', item: 'z', n: 3 },
    ],
    'shop STRING NOT NULL, item STRING NOT NULL, n INT NOT NULL',
  )
  const byShop = sales.groupByKey((s) => s.shop)
  const most = byShop.reduceGroups((l, r) => (l.n >= r.n ? l : r)).orderBy('key')
  expect(await most.collect()).toEqual([
    { key: 'a', value: { shop: 'a', item: 'z', n: 3 } },
    { key: 'b', value: { shop: 'b', item: 'y', n: 2 } },
  ])
  expect(await byShop.count().orderBy('key').collect()).toEqual([
    { key: 'a', 'count(1)': 2n },
    { key: 'b', 'count(1)': 1n },
  ])
  expect(await byShop.keys().orderBy('key').collect()).toEqual([{ key: 'a' }, { key: 'b' }])
  const items = byShop.mapGroups((key, rows) => ({ key, items: [...rows].map((r) => r.item).join() }))
  expect(await items.orderBy('key').collect()).toEqual([
    { key: 'a', items: 'x,z' },
    { key: 'b', items: 'y' },
  ])
  const first = byShop.flatMapGroups((key, rows) => [...rows].map((r, i) => `${key}${i}${r.item}`))
  expect((await first.collect()).map((r) => r.value).sort()).toEqual(['a0x', 'a1z', 'b0y'])
  const compound = sales.groupByKey((s) => ({ shop: s.shop, big: s.n > 1 })).count()
  expect(compound.dtypes).toEqual([
    ['key', 'struct<shop:string,big:boolean>'],
    ['count(1)', 'bigint'],
  ])
  expect((await compound.collect()).length).toBe(3)
  const longest = lines
    .flatMap((l) => l.split(' '))
    .groupByKey((w) => w[0]!)
    .reduceGroups((l, r) => (l >= r ? l : r))
  expect(await longest.orderBy('key').collect()).toEqual([
    { key: 'c', value: 'cat' },
    { key: 'd', value: 'dog' },
    { key: 'e', value: 'end' },
    { key: 't', value: 'the' },
  ])
})

test('more rows come out of flatMap than fit a batch', async () => {
  const many = session
    .range(3)
    .flatMap((r) => Array.from({ length: 10_000 }, (_, i) => Number(r['id']) * 10_000 + i), 'INT')
  expect(await many.count()).toBe(30_000)
  expect(await many.selectExpr('sum(value) AS s').collect()).toEqual([{ s: 449_985_000n }])
})

test('filters and keys of full batches', async () => {
  const many = session.range(20_000)
  expect(await many.filter(() => true).count()).toBe(20_000)
  expect(
    await many
      .filter(() => true)
      .selectExpr('sum(id) AS s')
      .collect(),
  ).toEqual([{ s: 199_990_000n }])
  const last = many
    .groupByKey((r) => Number(r['id']) % 3, 'INT')
    .reduceGroups((l, r) => (Number(l['id']) > Number(r['id']) ? l : r))
  expect((await last.selectExpr('key', 'value.id AS id').orderBy('key').collect()).map((r) => r['id'])).toEqual([
    19_998n,
    19_999n,
    19_997n,
  ])
})

test('an endless flatMap ends with a limit of time', async () => {
  const endless = session.range(1).flatMap(function* () {
    for (;;) yield 1
  }, 'INT')
  await expect(endless.count({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' })
})

test('a function that throws fails the query with a sample of the row', async () => {
  const df = session.createDataFrame(
    [
      { id: 1, name: 'ann' },
      { id: 2, name: null },
    ],
    'id INT, name STRING',
  )
  const bad = df.map((row) => row.name!.length, 'INT')
  await expect(bad.collect()).rejects.toMatchObject({
    name: 'ExecutionError',
    code: 'FAILED_EXECUTE_UDF',
    sqlState: '39000',
    params: { function: 'map', row: '{"id":2,"name":null}' },
  })
  await expect(df.flatMap(() => 5 as unknown as string[], 'STRING').collect()).rejects.toMatchObject({
    code: 'FAILED_EXECUTE_UDF',
  })
  await expect(df.map(() => 'x', 'INT').collect()).rejects.toThrow(/cannot take "x"/)
  await expect(df.map(async () => 1, 'INT').collect()).rejects.toThrow(/gave a promise/)
  await expect(df.filter(async () => true).collect()).rejects.toThrow(/gave a promise/)
})

test('what the results do not tell is asked for', async () => {
  const none = session.createDataFrame([], 'a INT')
  expect(() => none.map((r) => r.a).schema).toThrow(/CLOSURE_SCHEMA_UNKNOWN/)
  await expect(none.map((r) => r.a).collect()).rejects.toMatchObject({ code: 'CLOSURE_SCHEMA_UNKNOWN' })
  expect(await none.map((r) => r.a, 'INT').collect()).toEqual([])
  expect(() => lines.map(() => null).schema).toThrow(/CANNOT_INFER_TYPE_FOR_FIELD/)
  const mixed = session.createDataFrame([{ a: 1 }, { a: 2 }], 'a INT').map((r) => (r.a === 1 ? 'x' : { y: 1 }))
  await expect(mixed.collect()).rejects.toMatchObject({ code: 'FAILED_EXECUTE_UDF' })
})

test('a closure keeps what is below it: columns are not pruned away, filters stay above', async () => {
  const df = session.createDataFrame([{ a: 1, b: { c: 2, d: 3 } }], 'a INT, b STRUCT<c INT, d INT>')
  const seen = df.map((row) => JSON.stringify(row), 'STRING').selectExpr('length(value) AS n', 'value')
  expect(await seen.collect()).toEqual(
    [{ n: 23, value: '{"a":1,"b":{"c":2,"d":3}}' }].map((r) => ({ ...r, n: r.value.length })),
  )
  expect(
    await df
      .filter((r) => r.b?.d === 3)
      .select('a')
      .where('a = 1')
      .collect(),
  ).toEqual([{ a: 1 }])
})
