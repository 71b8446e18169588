import { expect, test } from 'vitest'
import type { DataFrame } from '../../src/index.ts'
import { jsonOf, letters, put, quiet, workDirectory } from './kit.ts'

test.each([
  ['drop', ['{"k":1,"n":1}', '{"k":3,"n":3}']],
  ['null', ['{"k":1,"n":1}', '{"k":2,"n":null}', '{"k":3,"n":3}']],
])('a bounded write: %s', async (policy, rows) => {
  using work = workDirectory()
  put(work.at('in', 'a.json'), '{"k":1,"s":"1"}\n{"k":2,"s":"x"}\n{"k":3,"s":"3"}\n')
  await using session = quiet()
  const df = session.read.schema('k INT, s STRING').json(work.at('in')).selectExpr('k', 'CAST(s AS INT) AS n')
  await df.write.option('badRecords', policy).json(work.at('out'))
  expect(await jsonOf(session.read.schema('k INT, n INT').json(work.at('out')))).toEqual(rows)
  await expect(df.write.json(work.at('failed'))).rejects.toMatchObject({ code: 'CAST_INVALID_INPUT' })
  await expect(df.collect()).rejects.toMatchObject({ code: 'CAST_INVALID_INPUT' })
})

test('a bounded write hands bad records of sources and operators to a sink', async () => {
  using work = workDirectory()
  put(work.at('in', 'a.json'), '{"s":"1"}\nbroken\n{"s":"x"}\n{"s":"3"}\n')
  await using session = quiet()
  const df = session.read.schema('s STRING').option('badRecords', 'sink').json(work.at('in')) as unknown as DataFrame
  await expect(df.write.json(work.at('out'))).rejects.toMatchObject({ code: 'BAD_RECORDS_WITHOUT_SINK' })
  await df
    .selectExpr('sum(CAST(s AS INT)) AS total', 'count(*) AS n')
    .write.badRecords('memory', { queryName: 'bad' })
    .json(work.at('out'))
  expect(await jsonOf(session.read.schema('total BIGINT, n BIGINT').json(work.at('out')))).toEqual([
    '{"total":4,"n":2}',
  ])
  expect(await letters(session, 'bad')).toMatchObject([
    { source: 'json-0', position: `${work.at('in', 'a.json')}:2`, raw: 'broken', batchId: 0 },
    { condition: 'CAST_INVALID_INPUT', position: null, raw: '{"s":"x"}' },
  ])
})

test('a bounded write has a limit too, and leaves nothing behind when it is passed', async () => {
  using work = workDirectory()
  put(work.at('in', 'a.json'), '{"s":"1"}\n{"s":"x"}\n{"s":"y"}\n')
  await using session = quiet()
  const df = session.read.schema('s STRING').json(work.at('in')).selectExpr('CAST(s AS INT) AS n')
  const write = df.write.options({ badRecordsMax: 1 }).badRecords('json', { path: work.at('bad') })
  await expect(write.json(work.at('out'))).rejects.toMatchObject({ code: 'BAD_RECORDS_LIMIT' })
  expect(await jsonOf(session.read.schema('n INT').json(work.at('out')))).toEqual([])
  expect(await jsonOf(session.read.schema('raw STRING').json(work.at('bad')))).toEqual([])
})
