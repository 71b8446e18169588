import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/columns/batch.ts'
import { batchOf } from '../../../src/columns/builder.ts'
import { CONSOLE_WRITER, consoleSink } from '../../../src/connectors/console/sink.ts'
import { validateOptions } from '../../../src/connectors/options.ts'
import { jsonDecoder } from '../../../src/formats/json/decode.ts'
import { printTable } from '../../../src/formats/table.ts'
import { parseSchema } from '../../../src/types/ddl.ts'
import * as t from '../../../src/types/data-type.ts'
import type { Value } from '../../../src/types/value.ts'
import { sinkContext, token } from '../contexts.ts'
import recorded from './recorded.json' with { type: 'json' }

/** Rows of a recorded case as the source reads them. */
function readRows(ddl: string, rows: readonly string[]): { schema: t.Schema; batches: Batch[] } {
  const schema = parseSchema(ddl)
  const batches: Batch[] = []
  const bytes = Buffer.from(rows.join('\n'))
  jsonDecoder(schema, { columns: [], predicates: [] }, { timeZone: 'UTC' }).decode(bytes, 0, bytes.length, (b) =>
    batches.push(b),
  )
  return { schema, batches }
}

describe('printTable prints what Spark 4.3 printed for show()', () => {
  for (const c of recorded.shows)
    it(c.name, () => {
      const { schema, batches } = readRows(c.schema, c.rows)
      const [maxRows, truncate, vertical] = c.show as [number, number, boolean]
      expect(`${printTable(schema, batches, { maxRows, truncate, vertical, timeZone: 'UTC' })}\n`).toBe(c.text)
    })
})

const n = (i: number): Value[] => [BigInt(i)]
/** What the query of a recorded case gives, batch by batch; queries themselves are not this room's matter. */
const outputs: Record<string, { schema: t.Schema; batches: Value[][][] }> = {
  complete: {
    schema: t.schemaOf(t.field('w', t.STRING), t.field('count', t.BIGINT)),
    batches: [
      [
        ['apache', ...n(1)],
        ['spark', ...n(1)],
      ],
      [
        ['apache', ...n(2)],
        ['hadoop', ...n(1)],
        ['spark', ...n(1)],
      ],
    ],
  },
  update: {
    schema: t.schemaOf(t.field('count', t.BIGINT), t.field('m', t.STRING)),
    batches: [[[1n, 'apache spark']], [[2n, 'apache spark']]],
  },
  append: { schema: t.schemaOf(t.field('v', t.STRING)), batches: [[['APACHE SPARK']], [['APACHE HADOOP']]] },
  'empty batch': { schema: t.schemaOf(t.field('value', t.STRING), t.field('n', t.INT)), batches: [[]] },
  intervals: {
    schema: parseSchema(
      'a INTERVAL DAY TO SECOND, b INTERVAL YEAR TO MONTH, c STRING, n VOID, t TIMESTAMP_NTZ, z STRUCT<a: DATE, b: ARRAY<DECIMAL(3,2)>>',
    ),
    batches: [[[93784000000n, 14, '1 years 2 months 21 days', null, 1767225600500000n, [20454, [150n, 225n]]]]],
  },
  'wide header': {
    schema: t.schemaOf(t.field('東京 a very long column name beyond twenty', t.INT), t.field('b', t.INT)),
    batches: [[[1, 2]]],
  },
}

describe('the console sink prints what Spark 4.3 printed', () => {
  for (const c of recorded.console)
    it(c.name, async () => {
      // Without an entry above, the query reads its columns as they are.
      const columns = c.sql.startsWith('SELECT s ') ? 's STRING' : c.schema
      const known = outputs[c.name]
      const schema = known?.schema ?? parseSchema(columns)
      const lots = known
        ? known.batches.map((rows) => [batchOf(schema, rows)])
        : c.lots.map((rows) => readRows(columns, rows).batches)
      let text = ''
      const options = validateOptions('console', consoleSink.options, c.options as Record<string, string>)
      const objects = new Map([[CONSOLE_WRITER, (s: string) => void (text += s)]])
      const sink = await consoleSink.open(options, sinkContext(schema, { objects }))
      for (const [batchId, batches] of lots.entries()) {
        await sink.begin(batchId, token(batchId))
        for (const b of batches) await sink.add(b)
        await sink.finish()
      }
      expect(text).toBe(c.text)
    })
})
