import { expect, test } from 'vitest'
import { add, expectNew, expectTable, restart, testStream, TestKit } from '../../src/testing/index.ts'
import { MillraceSession } from '../../src/index.ts'

function kitOver(sql: string) {
  const kit = new TestKit({ 'millrace.int64': 'number' })
  const words = kit.stream('word STRING, n INT')
  words.df.createOrReplaceTempView('words')
  return { kit, words, df: kit.session.sql(sql) }
}

test('LIMIT in append mode counts over batches, restarts and crashes', async () => {
  const { kit, words, df } = kitOver('SELECT word FROM words WHERE n > 0 LIMIT 3')
  await testStream(
    kit,
    df,
    { outputMode: 'append' },
    add(words, ['a', 1], ['x', 0]),
    expectNew(['a']),
    add(words, ['b', 1]),
    restart(),
    add(words, ['c', 1], ['d', 1]),
    expectNew(['b'], ['c']),
    add(words, ['e', 1]),
    expectNew(),
  )
})

test('LIMIT below an aggregation in complete mode counts over batches and restarts, as over a bounded table', async () => {
  const { kit, words, df } = kitOver('SELECT word, count(*) AS c FROM (SELECT * FROM words LIMIT 3) GROUP BY word')
  await testStream(
    kit,
    df,
    { outputMode: 'complete' },
    add(words, ['a', 1], ['b', 1]),
    expectTable(['a', 1n], ['b', 1n]),
    restart(),
    add(words, ['a', 1], ['a', 1]),
    expectTable(['a', 2n], ['b', 1n]),
    add(words, ['c', 1]),
    expectTable(['a', 2n], ['b', 1n]),
  )
})

test('ORDER BY, LIMIT and OFFSET in complete mode hold for each result anew, in their order', async () => {
  const session = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number' },
    { note: () => undefined },
  )
  const { stream, df } = session.memoryStream('word STRING')
  df.createOrReplaceTempView('words')
  const started = (name: string, rest: string) =>
    session
      .sql(`SELECT word, count(*) AS c FROM words GROUP BY word ORDER BY ${rest}`)
      .writeStream.outputMode('complete')
      .format('memory')
      .queryName(name)
      .start()
  const queries = [
    await started('byCount', 'c DESC, word'),
    await started('topTwo', 'c DESC, word LIMIT 2'),
    await started('second', 'c DESC, word LIMIT 1 OFFSET 1'),
    await started('nullsLast', 'nullif(c, 1) ASC NULLS LAST, word'),
  ]
  const read = async (name: string): Promise<string> =>
    (await session.table(name).collect()).map((r) => `${r['word']}${r['c']}`).join(' ')
  const all = async (...words: string[]): Promise<readonly string[]> => {
    stream.addData(words.map((word) => ({ word })))
    for (const q of queries) await q.processAllAvailable()
    return [await read('byCount'), await read('topTwo'), await read('second'), await read('nullsLast')]
  }
  expect(await all('b', 'a')).toEqual(['a1 b1', 'a1 b1', 'b1', 'a1 b1'])
  expect(await all('b', 'c')).toEqual(['b2 a1 c1', 'b2 a1', 'a1', 'b2 a1 c1'])
  expect(await all('c', 'c', 'd')).toEqual(['c3 b2 a1 d1', 'c3 b2', 'b2', 'b2 c3 a1 d1'])
  await session.stop()
})
