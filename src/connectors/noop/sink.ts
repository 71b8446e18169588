/** noop: counts nothing, keeps nothing; for measuring a query without its output. */
import { defineSink } from '../provider.ts'

export const noopSink = defineSink({
  format: 'noop',
  doc: 'Throws the output away; for benchmarks.',
  options: {},
  kind: 'idempotent',
  releases: true,
  modes: ['append', 'update', 'complete'],
  open: () => Promise.resolve({ begin() {}, add() {}, finish() {}, close: () => Promise.resolve() }),
  describe: () => 'NoopSink',
})
