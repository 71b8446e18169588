import { describe, expect, test } from 'vitest'
import { add, expectNew, expectProgress, expectTable, TestKit, testStream } from '../../src/testing/index.ts'

/** The watermark example of the programming guide: 10-minute windows every 5 minutes, delay 10 minutes. */
const at = (minute: string): string => `2026-01-01 12:${minute}:00`
const w = (hhmm: string): string => `2026-01-01 ${hhmm}:00`

function example(): {
  kit: TestKit
  words: ReturnType<TestKit['stream']>
  counts: ReturnType<ReturnType<TestKit['stream']>['df']['select']>
} {
  const kit = new TestKit()
  const words = kit.stream('ts TIMESTAMP, word STRING')
  words.df.withWatermark('ts', '10 minutes').createOrReplaceTempView('words')
  const counts = kit.session.sql(
    "SELECT window.start AS start, word, count(*) AS n FROM words GROUP BY window(ts, '10 minutes', '5 minutes'), word",
  )
  return { kit, words, counts }
}

const batches = [
  [
    [at('07'), 'dog'],
    [at('08'), 'owl'],
  ],
  [
    [at('14'), 'dog'],
    [at('09'), 'cat'],
  ],
  [
    [at('15'), 'cat'],
    [at('08'), 'dog'],
    [at('13'), 'owl'],
    [at('21'), 'owl'],
  ],
  [
    [at('17'), 'owl'],
    [at('04'), 'donkey'],
  ],
] as const

describe('the watermark example', () => {
  test('update mode', async () => {
    const { kit, words, counts } = example()
    const report = await testStream(
      kit,
      counts,
      { outputMode: 'update' },
      add(words, ...batches[0]),
      expectNew([w('12:00'), 'dog', 1], [w('12:00'), 'owl', 1], [w('12:05'), 'dog', 1], [w('12:05'), 'owl', 1]),
      expectProgress({ stateRows: 4, rowsDropped: 0 }),
      add(words, ...batches[1]),
      expectNew([w('12:00'), 'cat', 1], [w('12:05'), 'cat', 1], [w('12:05'), 'dog', 2], [w('12:10'), 'dog', 1]),
      expectProgress({ watermark: '2026-01-01T12:04', stateRows: 7 }),
      add(words, ...batches[2]),
      expectNew(
        [w('12:00'), 'dog', 2],
        [w('12:05'), 'dog', 3],
        [w('12:05'), 'owl', 2],
        [w('12:10'), 'cat', 1],
        [w('12:10'), 'owl', 1],
        [w('12:15'), 'cat', 1],
        [w('12:15'), 'owl', 1],
        [w('12:20'), 'owl', 1],
      ),
      expectProgress({ watermark: '2026-01-01T12:11', stateRows: 9, rowsRemoved: 3, rowsDropped: 0, batches: 2 }),
      add(words, ...batches[3]),
      expectNew([w('12:10'), 'owl', 2], [w('12:15'), 'owl', 2]),
      expectProgress({ watermark: '2026-01-01T12:11', stateRows: 9, rowsDropped: 2 }),
    )
    expect(report.worlds).toContain('restarts')
    expect(report.skipped).toEqual(['one row a batch: the script has late rows'])
  })

  test('append mode', async () => {
    const { kit, words, counts } = example()
    await testStream(
      kit,
      counts,
      { outputMode: 'append' },
      add(words, ...batches[0]),
      expectNew(),
      add(words, ...batches[1]),
      expectNew(),
      add(words, ...batches[2]),
      expectNew([w('12:00'), 'cat', 1], [w('12:00'), 'dog', 2], [w('12:00'), 'owl', 1]),
      expectProgress({ stateRows: 9, rowsRemoved: 3 }),
      add(words, ...batches[3]),
      expectNew(),
      expectProgress({ rowsDropped: 2, stateRows: 9 }),
    )
  })

  test('complete mode keeps closed windows and drops nothing', async () => {
    const { kit, words, counts } = example()
    await testStream(
      kit,
      counts,
      { outputMode: 'complete' },
      add(words, ...batches[0]),
      add(words, ...batches[1]),
      add(words, ...batches[2]),
      add(words, ...batches[3]),
      expectTable(
        [w('11:55'), 'donkey', 1],
        [w('12:00'), 'donkey', 1],
        [w('12:00'), 'cat', 1],
        [w('12:00'), 'dog', 2],
        [w('12:00'), 'owl', 1],
        [w('12:05'), 'cat', 1],
        [w('12:05'), 'dog', 3],
        [w('12:05'), 'owl', 2],
        [w('12:10'), 'cat', 1],
        [w('12:10'), 'dog', 1],
        [w('12:10'), 'owl', 2],
        [w('12:15'), 'cat', 1],
        [w('12:15'), 'owl', 2],
        [w('12:20'), 'owl', 1],
      ),
      expectProgress({ stateRows: 14, rowsDropped: 0 }),
    )
  })
})
