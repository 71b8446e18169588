import { describe, expect, test } from 'vitest'
import { type DataFrame, MillraceSession, type StreamingQuery } from '../../src/index.ts'
import { jsonOf, letters, quiet } from './kit.ts'

type Policy = 'fail' | 'null' | 'drop' | 'sink'

interface Ran {
  readonly rows: readonly string[]
  readonly query: StreamingQuery
  readonly session: MillraceSession
}

const ROWS = [
  { k: 'a', s: '1' },
  { k: 'b', s: 'x' },
  { k: 'c', s: '3' },
  { k: 'd', s: '99999999999' },
  { k: 'e', s: '5' },
]

/** Runs a query of the view `t (k STRING, s STRING)` over `ROWS` in one batch. */
async function ran(
  session: MillraceSession,
  make: (session: MillraceSession, t: DataFrame) => DataFrame<never> | DataFrame,
  policy: Policy,
  mode = 'append',
): Promise<Ran> {
  const { stream, df } = session.memoryStream('k STRING, s STRING')
  df.createOrReplaceTempView('t')
  stream.addData(ROWS)
  const writer = make(session, df as unknown as DataFrame)
    .writeStream.format('memory')
    .queryName('out')
    .outputMode(mode)
  if (policy === 'sink') writer.badRecords('memory', { queryName: 'bad' })
  else writer.option('badRecords', policy)
  const query = await writer.start()
  await query.processAllAvailable()
  return { rows: await jsonOf(session.table('out')), query, session }
}

const sql =
  (text: string) =>
  (session: MillraceSession): DataFrame =>
    session.sql(text) as unknown as DataFrame

describe('casts and functions', () => {
  const CAST = sql('SELECT k, CAST(s AS INT) + 1 AS n FROM t')

  test('drop leaves the rows out, null gives NULL where it throws, the good rows are the same', async () => {
    await using a = quiet()
    const dropped = await ran(a, CAST, 'drop')
    expect(dropped.rows).toEqual(['{"k":"a","n":2}', '{"k":"c","n":4}', '{"k":"e","n":6}'])
    expect(dropped.query.lastProgress).toMatchObject({ badRecords: 2, operators: [{ badRecords: 2 }] })
    await using b = quiet()
    const nulls = await ran(b, CAST, 'null')
    expect(nulls.rows).toEqual([...dropped.rows, '{"k":"b","n":null}', '{"k":"d","n":null}'].sort())
    expect(nulls.query.lastProgress).toMatchObject({ badRecords: 2 })
  })

  test('sink tells reason, condition, operator and the row', async () => {
    await using session = quiet()
    const { rows } = await ran(session, CAST, 'sink')
    expect(rows).toEqual(['{"k":"a","n":2}', '{"k":"c","n":4}', '{"k":"e","n":6}'])
    expect(await letters(session, 'bad')).toEqual([
      {
        reason: expect.stringMatching(/^.*x.*INT/),
        condition: 'CAST_INVALID_INPUT',
        source: expect.stringMatching(/^fused-/),
        position: expect.stringMatching(/^memory-0 after its beginning to \d+$/),
        raw: '{"k":"b","s":"x"}',
        batchId: 0,
      },
      expect.objectContaining({ raw: '{"k":"d","s":"99999999999"}' }),
    ])
  })

  test('fail is as ever, with the clause at fault', async () => {
    await using session = quiet()
    await expect(ran(session, CAST, 'fail')).rejects.toMatchObject({
      code: 'CAST_INVALID_INPUT',
      at: { start: 10, end: 24 },
    })
  })

  test.each([
    ['overflow of a cast', 'SELECT k, CAST(CAST(s AS BIGINT) AS INT) n FROM t WHERE s <> "x"', 'CAST_OVERFLOW'],
    [
      'overflow of arithmetic',
      'SELECT k, CAST(s AS BIGINT) * 999999999999 n FROM t WHERE s <> "x"',
      'ARITHMETIC_OVERFLOW',
    ],
    ['a division', 'SELECT k, 6 / (length(s) - 11) n FROM t', 'DIVIDE_BY_ZERO'],
    ['raise_error', `SELECT k, if(s = 'x', CAST(raise_error('no') AS STRING), s) n FROM t`, 'USER_RAISED_EXCEPTION'],
    [
      'from_json',
      `SELECT k, from_json(concat('{"a":', s, '}'), 'a INT', map('mode', 'FAILFAST')).a n FROM t`,
      'MALFORMED',
    ],
  ])('%s', async (_name, text, condition) => {
    await using session = quiet()
    const { query, rows } = await ran(session, sql(text), 'sink')
    const bad = await letters(session, 'bad')
    expect(bad.length).toBeGreaterThan(0)
    for (const letter of bad) expect(letter.condition).toMatch(condition)
    const kept = new Set(rows.map((r) => (JSON.parse(r) as { k: string }).k))
    for (const { raw } of bad) expect(kept).not.toContain((JSON.parse(raw) as { k: string }).k)
    expect(query.lastProgress!.badRecords).toBe(bad.length)
  })

  test('null is that of the try_ form: what stands above goes on, filters see NULL', async () => {
    await using a = quiet()
    expect((await ran(a, sql('SELECT k, coalesce(CAST(s AS INT), -1) AS n FROM t'), 'null')).rows).toEqual([
      '{"k":"a","n":1}',
      '{"k":"b","n":-1}',
      '{"k":"c","n":3}',
      '{"k":"d","n":-1}',
      '{"k":"e","n":5}',
    ])
    await using b = quiet()
    const under = 'SELECT k FROM (SELECT k, CAST(s AS INT) AS n FROM t) WHERE n IS NULL'
    expect((await ran(b, sql(under), 'null')).rows).toEqual(['{"k":"b"}', '{"k":"d"}'])
    await using c = quiet()
    expect((await ran(c, sql('SELECT k FROM t WHERE CAST(s AS INT) > 1'), 'null')).rows).toEqual([
      '{"k":"c"}',
      '{"k":"e"}',
    ])
  })

  test('a filter that throws leaves the row out', async () => {
    await using session = quiet()
    const { rows, query } = await ran(session, sql('SELECT k FROM t WHERE CAST(s AS INT) > 1'), 'drop')
    expect(rows).toEqual(['{"k":"c"}', '{"k":"e"}'])
    expect(query.lastProgress!.badRecords).toBe(2)
  })

  test('row by row gives what the loop gives', async () => {
    const exprs =
      "SELECT k, CAST(s AS BIGINT) AS n, upper(k) || s AS u, CAST(s AS DOUBLE) / 2 AS d, named_struct('a', k, 'b', array(s)) AS st, CAST(s AS DECIMAL(20,2)) AS dec, s IN ('1', '5') AS i, CASE WHEN s > '2' THEN k END AS c FROM t"
    await using a = quiet()
    const some = await ran(a, sql(exprs), 'drop')
    await using b = quiet()
    const all = await ran(b, sql(`${exprs} WHERE s <> 'x'`), 'fail')
    expect(some.rows).toEqual(all.rows)
    expect(some.rows).toHaveLength(4)
  })
})

describe('functions of the program', () => {
  const throwing = (s: string): number => {
    if (s === 'x') throw new Error(`no number: ${s}`)
    return Number(s)
  }

  test.each([false, true])('session.udf, async %s', async (isAsync) => {
    const make = (session: MillraceSession, t: DataFrame): DataFrame => {
      if (isAsync) {
        const later = async (s: string): Promise<number> => {
          await new Promise((resolve) => setTimeout(resolve, s === '1' ? 20 : 1))
          return throwing(s)
        }
        session.udf.register('f', later, { args: ['STRING'], returns: 'DOUBLE', async: true })
      } else session.udf.register('f', throwing, { args: ['STRING'], returns: 'DOUBLE' })
      return t.selectExpr('k', 'f(s) AS n') as unknown as DataFrame
    }
    const good = ['{"k":"a","n":1}', '{"k":"c","n":3}', '{"k":"d","n":99999999999}', '{"k":"e","n":5}']
    await using a = quiet()
    const { rows, query } = await ran(a, make, 'sink')
    expect(rows).toEqual(good)
    expect(await letters(a, 'bad')).toMatchObject([
      { condition: 'FAILED_EXECUTE_UDF', reason: expect.stringContaining('no number: x'), batchId: 0 },
    ])
    expect(query.lastProgress).toMatchObject({ badRecords: 1 })
    await using b = quiet()
    expect((await ran(b, make, 'null')).rows).toEqual([...good, '{"k":"b","n":null}'].sort())
    await using c = quiet()
    await expect(ran(c, make, 'fail')).rejects.toMatchObject({ code: 'FAILED_EXECUTE_UDF' })
  })

  test('arguments of an asynchronous function may throw too', async () => {
    await using session = quiet()
    const make = (s: MillraceSession, t: DataFrame): DataFrame => {
      s.udf.register('f', async (n: number) => Promise.resolve(n + 1), { args: ['INT'], returns: 'INT', async: true })
      return t.selectExpr('k', 'f(CAST(s AS INT)) AS n') as unknown as DataFrame
    }
    const { rows, query } = await ran(session, make, 'sink')
    expect(rows).toEqual(['{"k":"a","n":2}', '{"k":"c","n":4}', '{"k":"e","n":6}'])
    expect((await letters(session, 'bad')).map((l) => l.raw)).toEqual([
      expect.stringContaining('"x"'),
      expect.stringContaining('"99999999999"'),
    ])
    expect(query.lastProgress!.badRecords).toBe(2)
  })

  test('map, flatMap, filter: the row is left out, whole', async () => {
    type T = { k: string; s: string }
    const closures: Readonly<Record<string, (t: DataFrame) => DataFrame<never> | DataFrame>> = {
      map: (t) => t.map((r) => ({ n: throwing((r as unknown as T).s) }), 'n DOUBLE') as DataFrame<never>,
      filter: (t) => t.filter((r) => throwing((r as unknown as T).s) > 0) as unknown as DataFrame,
      flatMap: (t) =>
        t.flatMap(function* (r) {
          const { k, s } = r as unknown as T
          yield { n: k }
          yield { n: String(throwing(s)) }
        }, 'n STRING') as DataFrame<never>,
    }
    for (const [name, make] of Object.entries(closures))
      for (const policy of ['drop', 'null'] as const) {
        await using session = quiet()
        const { rows, query } = await ran(session, (_s, t) => make(t), policy)
        expect(rows, name).toHaveLength(name === 'flatMap' ? 8 : 4)
        expect(rows.join(), name).not.toMatch(/"b"|"x"|null/)
        expect(query.lastProgress, name).toMatchObject({ badRecords: 1 })
      }
  })

  test('a function that can never work fails the query', async () => {
    await using session = quiet()
    const make = (s: MillraceSession, t: DataFrame): DataFrame => {
      s.udf.register('f', (() => Promise.resolve(1)) as never, { args: ['STRING'], returns: 'INT' })
      return t.selectExpr('f(s) AS n') as unknown as DataFrame
    }
    await expect(ran(session, make, 'drop')).rejects.toThrow(/async: true/)
  })

  test('an error marked transient fails the query: it is not the row', async () => {
    await using session = quiet()
    const make = (s: MillraceSession, t: DataFrame): DataFrame => {
      const fn = (): number => {
        throw Object.assign(new Error('the service is down'), { transient: true })
      }
      s.udf.register('f', fn, { args: ['STRING'], returns: 'INT' })
      return t.selectExpr('f(s) AS n') as unknown as DataFrame
    }
    await expect(ran(session, make, 'drop')).rejects.toThrow(/the service is down/)
  })
})

describe('operators with state', () => {
  test('what an aggregation takes in is judged before it reaches the state', async () => {
    const text =
      'SELECT count(*) AS rows, sum(CAST(s AS INT)) AS total, count(DISTINCT CAST(s AS INT)) AS different, sum(CAST(s AS INT)) FILTER (WHERE s < "4") AS some FROM t'
    await using a = quiet()
    const dropped = await ran(a, sql(text), 'drop', 'complete')
    expect(dropped.rows).toEqual(['{"rows":3,"total":9,"different":3,"some":4}'])
    expect(dropped.query.lastProgress).toMatchObject({ badRecords: 2 })
    await using b = quiet()
    expect((await ran(b, sql(text), 'null', 'complete')).rows).toEqual(['{"rows":5,"total":9,"different":3,"some":4}'])
  })

  test('an argument behind a FILTER is looked at only where the filter is true', async () => {
    await using session = quiet()
    const text = `SELECT sum(CAST(s AS INT)) FILTER (WHERE length(s) = 1 AND s <> 'x') AS n, count(*) AS rows FROM t`
    const { rows, query } = await ran(session, sql(text), 'drop', 'complete')
    expect(rows).toEqual(['{"n":9,"rows":5}'])
    expect(query.lastProgress!.badRecords).toBeUndefined()
  })

  test('above an operator with state an expression that throws fails the query', async () => {
    const notes: string[] = []
    await using session = new MillraceSession({}, { note: (line) => void notes.push(line) })
    const text = 'SELECT k, CAST(max(s) AS INT) AS n FROM t GROUP BY k'
    await expect(ran(session, sql(text), 'drop', 'update')).rejects.toMatchObject({ code: 'CAST_INVALID_INPUT' })
    expect(notes).toContainEqual(
      expect.stringMatching(/^warning: badRecords does not reach fused-\d+, which stands above an operator with state/),
    )
  })

  test('arguments of explode are judged below it', async () => {
    await using session = quiet()
    const text = 'SELECT k, explode(array(CAST(s AS INT), 0)) AS n FROM t'
    const { rows, query } = await ran(session, sql(text), 'drop')
    expect(rows).toHaveLength(6)
    expect(query.lastProgress!.badRecords).toBe(2)
  })
})

test('many bad rows, in several pieces of a batch, each counted once', async () => {
  await using session = quiet()
  const { stream, df } = session.memoryStream('n BIGINT')
  stream.addData(Array.from({ length: 20_000 }, (_, i) => ({ n: i })))
  const query = await df
    .selectExpr('CAST(n AS TINYINT) + 0 AS t', 'n')
    .writeStream.format('memory')
    .queryName('out')
    .badRecords('memory', { queryName: 'bad' })
    .start()
  await query.processAllAvailable()
  expect(await session.table('out').count()).toBe(128)
  expect(await session.table('bad').count()).toBe(19_872)
  expect(query.lastProgress!.badRecords).toBe(19_872)
})
