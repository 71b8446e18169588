import type { CommitRow, OffsetRow } from '../../src/checkpoint/checkpoint.ts'

/** An offset row as a batch would have it. */
export const offsetRow = (batchId: number): OffsetRow => ({
  batchId,
  offsets: { words: { end: (batchId + 1) * 10 } },
  batchWatermarkMs: batchId * 1000,
  lateWatermarkMs: Math.max(0, batchId - 1) * 1000,
  batchTimestampMs: 1_700_000_000_000 + batchId,
  conf: { 'spark.sql.session.timeZone': 'UTC' },
  extra: { seed: 42 },
})

/** Its commit row. */
export const commitRow = (batchId: number): CommitRow => ({
  batchId,
  nextBatchWatermarkMs: (batchId + 1) * 1000,
  streamWatermarksMs: { '1': (batchId + 1) * 1000, '2': null },
})
