import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { callFunction, col, millrace, type MillraceSession } from '../../src/index.ts'
import { add, expectNew, expectTable, TestKit, testStream } from '../../src/testing/index.ts'
import { valueOf } from './plain.ts'

let session: MillraceSession
beforeEach(() => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
})
const sql = async (text: string): Promise<unknown[]> => valueOf(await session.sql(text).collect())

describe('scalar functions', () => {
  test('in SQL, by callFunction, and by the call that registering gives', async () => {
    const shout = session.udf.register(
      'shout',
      (s: string | null) => (s === null ? null : `${s.toUpperCase()}!`),
      'STRING',
    )
    session.createDataFrame([{ s: 'a' }, { s: null }], 's STRING').createOrReplaceTempView('t')
    expect(await sql('SELECT shout(s) AS x, SHOUT(concat(s, s)) AS y FROM t')).toEqual([
      { x: 'A!', y: 'AA!' },
      { x: null, y: null },
    ])
    expect(
      await session
        .table('t')
        .select(callFunction('shout', col('s')).as('x'))
        .collect(),
    ).toEqual([{ x: 'A!' }, { x: null }])
    expect(await session.table('t').select(shout('s').as('x')).collect()).toEqual([{ x: 'A!' }, { x: null }])
    expect(await sql('SELECT s FROM t WHERE shout(s) = "A!"')).toEqual([{ s: 'a' }])
    expect(await sql('SELECT shout(s) AS x, count(*) AS n FROM t GROUP BY shout(s) ORDER BY 1')).toEqual([
      { x: null, n: 1 },
      { x: 'A!', n: 1 },
    ])
  })

  test('arguments are cast to their declared types, results checked against theirs', async () => {
    session.udf.register('plus', (a: number, b: number) => a + b, {
      args: 'a INT, b INT',
      returns: 'INT',
      nullable: false,
    })
    expect(await sql('SELECT plus(1, 2) AS n')).toEqual([{ n: 3 }])
    expect(session.sql('SELECT plus(1, 2) AS n').schema.fields[0]).toMatchObject({
      nullable: false,
      type: { kind: 'int' },
    })
    expect(await sql('SELECT plus(b => 1, a => 5) AS n')).toEqual([{ n: 6 }])
    expect(() => session.sql('SELECT plus(1)')).toThrow(/WRONG_NUM_ARGS.*plus\(a INT, b INT\)/s)
    expect(() => session.sql("SELECT plus(1, array('x'))")).toThrow(/DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE/)
    session.udf.register('bad', () => 'x', 'INT')
    await expect(sql('SELECT bad()')).rejects.toMatchObject({ code: 'FAILED_EXECUTE_UDF' })
    session.udf.register('none', () => null, { returns: 'INT', nullable: false })
    await expect(sql('SELECT none()')).rejects.toThrow(/must not be NULL/)
  })

  test('types of every kind go in and out', async () => {
    session.udf.register('same', (x: unknown) => x, {
      args: ['STRUCT<a: INT, b: ARRAY<STRING>>'],
      returns: 'STRUCT<a: INT, b: ARRAY<STRING>>',
    })
    expect(await sql("SELECT same(named_struct('a', 1, 'b', array('x'))) AS s")).toEqual([{ s: { a: 1, b: ['x'] } }])
    session.udf.register('hours', (d: Date) => d.getUTCHours(), { args: 'TIMESTAMP', returns: 'INT' })
    expect(await sql("SELECT hours(TIMESTAMP'2026-01-01 05:00:00') AS h")).toEqual([{ h: 5 }])
    session.udf.register('keys', (m: Map<string, number>) => [...m.keys()], {
      args: 'MAP<STRING, INT>',
      returns: 'ARRAY<STRING>',
    })
    expect(await sql("SELECT keys(map('a', 1, 'b', 2)) AS k")).toEqual([{ k: ['a', 'b'] }])
  })

  test('one that is not deterministic is called for every use', async () => {
    let calls = 0
    session.udf.register('next', () => ++calls, { returns: 'INT', deterministic: false })
    expect(await sql('SELECT next() AS a, next() AS b FROM range(2)')).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ])
  })

  test('it stands before a function of SQL of that name, until it is taken out', async () => {
    session.udf.register('upper', (s: string) => `mine ${s}`, 'STRING')
    expect(await sql("SELECT upper('a') AS x")).toEqual([{ x: 'mine a' }])
    expect(session.udf.list()).toEqual(['upper'])
    expect(session.udf.unregister('UPPER')).toBe(true)
    expect(await sql("SELECT upper('a') AS x")).toEqual([{ x: 'A' }])
    session.udf.register('mine', () => 1, 'INT')
    expect(() => millrace().sql('SELECT mine()')).toThrow(/UNRESOLVED_ROUTINE/)
  })

  test('an error names the function, what it was called with, and the clause', async () => {
    session.udf.register(
      'boom',
      (n: bigint) => {
        if (n === 3n) throw new RangeError('three is too many')
        return n
      },
      'BIGINT',
    )
    await expect(sql('SELECT boom(id) FROM range(5)')).rejects.toMatchObject({
      code: 'FAILED_EXECUTE_UDF',
      params: { function: 'boom', message: 'three is too many', row: '[3]' },
      at: { start: 7 },
    })
  })

  test('bad definitions are refused', () => {
    expect(() => session.udf.register('a b', () => 1, 'INT')).toThrow(/INVALID_FUNCTION_DEFINITION/)
    expect(() => session.udf.register('f', () => 1, 'NUMBER')).toThrow(/UNSUPPORTED_DATATYPE/)
    expect(() => session.udf.register('f', { reduce: () => 1 } as never, 'INT')).toThrow(/with merge/)
    expect(() => session.udf.register('f', async () => 1, { returns: 'INT', async: { concurrency: 0 } })).toThrow(
      /concurrency/,
    )
  })
})

describe('aggregate functions', () => {
  const mean = {
    zero: { sum: 0, n: 0 },
    reduce: (b: { sum: number; n: number }, x: number | null) => (x === null ? b : { sum: b.sum + x, n: b.n + 1 }),
    merge: (a: { sum: number; n: number }, b: { sum: number; n: number }) => ({ sum: a.sum + b.sum, n: a.n + b.n }),
    finish: (b: { sum: number; n: number }) => (b.n === 0 ? null : b.sum / b.n),
    buffer: 'sum DOUBLE, n INT',
  }

  test('in SQL and in agg, with groups, filters and nothing', async () => {
    const avg2 = session.udf.register('avg2', mean, { args: 'x DOUBLE', returns: 'DOUBLE' })
    session.sql("SELECT * FROM VALUES ('a', 1), ('a', 2), ('b', 5), ('b', NULL) t(k, x)").createOrReplaceTempView('t')
    expect(await sql('SELECT k, avg2(x) AS m FROM t GROUP BY k ORDER BY k')).toEqual([
      { k: 'a', m: 1.5 },
      { k: 'b', m: 5 },
    ])
    expect(await sql('SELECT avg2(x) FILTER (WHERE x > 1) AS m, avg2(DISTINCT x) AS d FROM t')).toEqual([
      { m: 3.5, d: 8 / 3 },
    ])
    expect(await sql('SELECT avg2(x) AS m FROM t WHERE false')).toEqual([{ m: null }])
    expect(await session.table('t').groupBy('k').agg(avg2('x').as('m')).orderBy('k').collect()).toEqual([
      { k: 'a', m: 1.5 },
      { k: 'b', m: 5 },
    ])
  })

  test('a state of one type is passed bare', async () => {
    session.udf.register(
      'longest',
      {
        init: () => '',
        reduce: (b: string, s: string) => (s.length > b.length ? s : b),
        merge: (a: string, b: string) => (a.length > b.length ? a : b),
        buffer: 'STRING',
      },
      'STRING',
    )
    expect(await sql("SELECT longest(w) AS w FROM VALUES ('a'), ('ccc'), ('bb') t(w)")).toEqual([{ w: 'ccc' }])
  })

  test('over a stream its state is in the checkpoint, in every world', async () => {
    const kit = new TestKit()
    const avg2 = kit.session.udf.register('avg2', mean, { args: 'x DOUBLE', returns: 'DOUBLE', version: 1 })
    const xs = kit.stream('k STRING, x DOUBLE')
    await testStream(
      kit,
      xs.df.groupBy('k').agg(avg2('x').as('m')),
      { outputMode: 'update' },
      add(xs, ['a', 1], ['a', 2], ['b', 7]),
      expectNew(['a', 1.5], ['b', 7]),
      add(xs, ['a', 6]),
      expectTable(['a', 3], ['b', 7]),
    )
  })
})

describe('table functions', () => {
  beforeEach(() => {
    session.udf.register(
      'words',
      function* (text: string | null) {
        for (const [i, word] of (text ?? '').split(' ').entries()) if (word !== '') yield { word, at: i }
      },
      { args: 'text STRING', returns: 'STRUCT<word: STRING, at: INT>' },
    )
  })

  test('in FROM, in LATERAL VIEW, in a select list', async () => {
    expect(await sql("SELECT * FROM words('a b')")).toEqual([
      { word: 'a', at: 0 },
      { word: 'b', at: 1 },
    ])
    session
      .createDataFrame(
        [
          { id: 1, t: 'x y' },
          { id: 2, t: null },
        ],
        'id INT, t STRING',
      )
      .createOrReplaceTempView('docs')
    expect(await sql('SELECT id, w FROM docs LATERAL VIEW words(t) v AS w, p')).toEqual([
      { id: 1, w: 'x' },
      { id: 1, w: 'y' },
    ])
    expect(await sql('SELECT id, w FROM docs LATERAL VIEW OUTER words(t) v AS w, p WHERE id = 2')).toEqual([
      { id: 2, w: null },
    ])
    expect(await sql("SELECT words('q')")).toEqual([{ word: 'q', at: 0 }])
    expect(await sql('SELECT id, x.word FROM docs, LATERAL words(t) x')).toEqual([
      { id: 1, word: 'x' },
      { id: 1, word: 'y' },
    ])
  })

  test('registerTable takes any function that gives rows', async () => {
    session.udf.registerTable('twice', (n: number) => [n, n], 'n INT')
    expect(await sql('SELECT * FROM twice(4)')).toEqual([{ n: 4 }, { n: 4 }])
    session.udf.registerTable('broken', () => 'text' as unknown as string[], 'n INT')
    await expect(sql('SELECT * FROM broken()')).rejects.toMatchObject({ code: 'FAILED_EXECUTE_UDF' })
  })
})

describe('asynchronous functions', () => {
  const numbers = (n: number): void => session.range(n).createOrReplaceTempView('numbers')

  test('rows keep their order, no more calls run at a time than allowed', async () => {
    numbers(40)
    let running = 0
    let most = 0
    session.udf.register(
      'slow',
      async (n: bigint) => {
        most = Math.max(most, ++running)
        await sleep(n % 2n === 0n ? 8 : 1)
        running--
        return Number(n) * 10
      },
      { args: 'BIGINT', returns: 'INT', async: { concurrency: 4 } },
    )
    expect(await sql('SELECT id, slow(id) AS x FROM numbers')).toEqual(
      Array.from({ length: 40 }, (_, i) => ({ id: i, x: i * 10 })),
    )
    expect(most).toBe(4)
  })

  test('many calls at a time raise no warning of leaking listeners', async () => {
    numbers(200)
    const warnings: string[] = []
    const hear = (warning: Error): void => void warnings.push(warning.name)
    process.on('warning', hear)
    let tries = 0
    session.udf.register(
      'wide',
      async (n: bigint) => {
        await sleep(1)
        if (tries++ < 50) throw new Error('not yet')
        return n
      },
      { args: 'BIGINT', returns: 'BIGINT', async: { concurrency: 50, retry: { retries: 3, delayMs: 1 } } },
    )
    expect(await sql('SELECT sum(wide(id)) AS s FROM numbers')).toEqual([{ s: 19900 }])
    // Warnings are told on a later turn of the event loop.
    await sleep(10)
    process.off('warning', hear)
    expect(warnings).toEqual([])
  })

  test('in WHERE, GROUP BY, beside other columns, and of another asynchronous result', async () => {
    numbers(6)
    session.udf.register('half', async (n: bigint) => n / 2n, { args: 'BIGINT', returns: 'BIGINT' })
    expect(await sql('SELECT id FROM numbers WHERE half(id) = 1')).toEqual([{ id: 2 }, { id: 3 }])
    expect(await sql('SELECT half(id) AS h, count(*) AS n FROM numbers GROUP BY half(id) ORDER BY h')).toEqual([
      { h: 0, n: 2 },
      { h: 1, n: 2 },
      { h: 2, n: 2 },
    ])
    expect(await sql('SELECT half(half(id)) + 1 AS q, sum(id) AS s FROM numbers GROUP BY 1 ORDER BY 1')).toEqual([
      { q: 1, s: 6 },
      { q: 2, s: 9 },
    ])
    expect(await sql('SELECT sum(half(id)) AS s FROM numbers')).toEqual([{ s: 6 }])
    expect(
      await session
        .table('numbers')
        .withColumn('h', callFunction('half', col('id')))
        .where('id > 3')
        .collect(),
    ).toEqual([
      { id: 4n, h: 2n },
      { id: 5n, h: 2n },
    ])
    expect(await sql('SELECT * FROM (SELECT id, half(id) FROM numbers) WHERE id = 5')).toEqual([
      { id: 5, 'half(id)': 2 },
    ])
    expect(await sql('SELECT half(7) AS h')).toEqual([{ h: 3 }])
  })

  test('a column nobody reads is not called for, and rows filtered away are not either', async () => {
    numbers(10)
    const seen: bigint[] = []
    session.udf.register('look', async (n: bigint) => (seen.push(n), n), { args: 'BIGINT', returns: 'BIGINT' })
    expect(await sql('SELECT id FROM (SELECT id, look(id) AS l FROM numbers) WHERE id < 2')).toEqual([
      { id: 0 },
      { id: 1 },
    ])
    expect(seen).toEqual([])
    await sql('SELECT l FROM (SELECT id, look(id) AS l FROM numbers) WHERE id < 2')
    expect(seen).toEqual([0n, 1n])
  })

  test('equal arguments are one call in a batch; the cache keeps results between batches', async () => {
    const kit = new TestKit()
    let calls = 0
    const enrich = kit.session.udf.register('enrich', async (u: string) => `${u}${++calls}`, {
      args: 'STRING',
      returns: 'STRING',
      async: { cache: { maxEntries: 2 } },
    })
    const { stream, df } = kit.session.memoryStream('u STRING')
    const query = await df.select(enrich('u').as('x')).writeStream.format('memory').queryName('enriched').start()
    const after = async (...users: string[]): Promise<unknown[]> => {
      stream.addData(users)
      await query.processAllAvailable()
      return (await kit.session.table('enriched').collect()).map((r) => r['x'])
    }
    expect(await after('a', 'a', 'b', 'a')).toEqual(['a1', 'a1', 'b2', 'a1'])
    expect(await after('b', 'c')).toEqual(['a1', 'a1', 'b2', 'a1', 'b2', 'c3'])
    // Two are kept: a was used longest ago.
    expect((await after('a', 'c')).slice(-2)).toEqual(['a4', 'c3'])
    await query.stop()
  })

  test('a result is forgotten after its time', async () => {
    const kit = new TestKit()
    let calls = 0
    const when = kit.session.udf.register('when', async () => ++calls, {
      args: 'STRING',
      returns: 'INT',
      async: { cache: { ttlMs: 500 } },
    })
    const { stream, df } = kit.session.memoryStream('u STRING')
    const query = await df.select(when('u').as('x')).writeStream.format('memory').queryName('times').start()
    for (const pauseMs of [0, 0, 600]) {
      await sleep(pauseMs)
      stream.addData(['a'])
      await query.processAllAvailable()
    }
    expect((await kit.session.table('times').collect()).map((r) => r['x'])).toEqual([1, 1, 2])
    await query.stop()
  })

  test('failed tries are made again, then the query fails', async () => {
    let tries = 0
    const flaky = async (n: bigint): Promise<number> => {
      if (++tries < 3) throw new Error('not yet')
      return Number(n)
    }
    session.udf.register('flaky', flaky, {
      args: 'BIGINT',
      returns: 'INT',
      async: { retry: { retries: 2, delayMs: 1 } },
    })
    expect(await sql('SELECT flaky(5) AS x')).toEqual([{ x: 5 }])
    expect(tries).toBe(3)
    tries = -100
    await expect(sql('SELECT flaky(5) AS x')).rejects.toMatchObject({
      code: 'FAILED_EXECUTE_UDF',
      params: { function: 'flaky', message: 'not yet', row: '[5]' },
    })
    expect(tries).toBe(-97)
    session.udf.register('never', () => new Promise(() => undefined), { returns: 'INT', async: { timeoutMs: 20 } })
    await expect(sql('SELECT never()')).rejects.toThrow(/no result after 20 ms/)
  })

  test('an abort and a limit of time end the waiting', async () => {
    session.udf.register('never', () => new Promise(() => undefined), { returns: 'INT', async: true })
    await expect(session.sql('SELECT never()').collect({ timeoutMs: 50 })).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
    })
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 30)
    await expect(session.sql('SELECT never()').collect({ signal: stop.signal })).rejects.toMatchObject({
      code: 'OPERATION_CANCELED',
    })
    const kit = new TestKit()
    const never = kit.session.udf.register('never', () => new Promise(() => undefined), { returns: 'INT', async: true })
    const { stream, df } = kit.session.memoryStream('u STRING')
    const query = await df.select(never('u')).writeStream.format('noop').start()
    stream.addData(['a'])
    await sleep(30)
    await query.stop()
    expect(query.isActive).toBe(false)
    expect(query.exception()).toBeNull()
  })

  test('what cannot be awaited is refused', () => {
    session.udf.register('later', async (n: number) => n, { args: 'INT', returns: 'INT' })
    expect(() => session.sql('SELECT transform(array(1), x -> later(x))')).toThrow(/inside a lambda/)
    expect(() => session.sql('SELECT later(count(*)) FROM range(3)')).toThrow(/over an aggregate/)
    expect(() => session.sql('SELECT 1 FROM range(2) a JOIN range(2) b ON later(a.id) = b.id')).toThrow(
      /condition of a join/,
    )
  })

  test('a function that gives a promise without saying so is refused', async () => {
    session.udf.register('hidden', () => Promise.resolve(1), 'INT')
    await expect(sql('SELECT hidden()')).rejects.toThrow(/gave a promise/)
  })

  test('over a stream, before a state, in every world', async () => {
    const kit = new TestKit()
    const country = kit.session.udf.register('country', async (u: string) => (await sleep(1), u < 'm' ? 'A' : 'Z'), {
      args: 'STRING',
      returns: 'STRING',
    })
    const users = kit.stream('u STRING')
    await testStream(
      kit,
      users.df.withColumn('c', country('u')).groupBy('c').count(),
      { outputMode: 'update' },
      add(users, ['ann'], ['zoe'], ['bob']),
      expectNew(['A', 2], ['Z', 1]),
      add(users, ['yan']),
      expectTable(['A', 2], ['Z', 2]),
    )
  })
})
