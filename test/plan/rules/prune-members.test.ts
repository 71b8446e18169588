import { expect, test } from 'vitest'
import { nodes } from '../harness.ts'
import { run } from './run-rules.ts'

test('only the members of a struct that are read, with members renumbered', () => {
  const { plan } = run("SELECT body.bid.channel AS c FROM raw WHERE kind = 'bid' AND body.bid.channel <> 'x'")
  const scan = nodes(plan, 'scan')[0]!
  expect(scan.columns).toEqual([['kind'], ['body', 'bid', 'channel']])
  expect(scan.attrs[1]!.type).toMatchObject({ fields: [{ name: 'bid', type: { fields: [{ name: 'channel' }] } }] })
  expect(nodes(plan, 'project')[0]!.items[0]!.expr).toMatchObject({
    kind: 'field',
    index: 0,
    arg: { kind: 'field', index: 0 },
  })
})

test.each(['SELECT body, body.meta FROM raw', 'SELECT body FROM raw UNION ALL SELECT body FROM raw'])(
  'a struct used as a whole stays whole: %s',
  (text) => {
    for (const scan of nodes(run(text).plan, 'scan')) expect(scan.columns).toEqual([['body']])
  },
)
