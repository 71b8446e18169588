/** noop: counts nothing, keeps nothing; for measuring a query without its output. */
import { OUTPUT_MODES, defineSink } from '../provider.ts'

export const noopSink = defineSink({
  format: 'noop',
  doc: 'Throws the output away; for benchmarks.',
  options: {},
  kind: 'idempotent',
  releases: true,
  modes: OUTPUT_MODES,
  deletes: true,
  open: () => Promise.resolve({ begin() {}, add() {}, finish() {}, close: () => Promise.resolve() }),
  describe: () => 'NoopSink',
})
