import { expect, test } from 'vitest'
import { MemoryStream } from '../../src/connectors/memory/stream.ts'
import { parseSchema } from '../../src/types/ddl.ts'

test('addData takes rows one after the other, as in Spark', () => {
  const stream = new MemoryStream(parseSchema('n INT'))
  stream.addData(1, 2)
  stream.addData([3])
  expect(
    [...stream.read(0, stream.size)].flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i))),
  ).toEqual([[1], [2], [3]])
})
