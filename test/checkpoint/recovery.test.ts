import { describe, expect, test } from 'vitest'
import type { SinkToken } from '../../src/checkpoint/checkpoint.ts'
import { decide, hashOffsetRow, type LogTail } from '../../src/checkpoint/recovery.ts'
import { CheckpointError } from '../../src/errors/errors.ts'
import { commitRow, offsetRow } from './fixtures.ts'

/** Logs whose last offsets are of batch `offsets` and last commit of batch `commits`; -1: none. */
const tail = (offsets: number, commits: number): LogTail => ({
  path: '/cp/checkpoint.db',
  queryId: 'q',
  last: offsets < 0 ? null : offsetRow(offsets),
  previous: offsets < 1 ? null : offsetRow(offsets - 1),
  lastCommit: commits < 0 ? null : commitRow(commits),
})
const token = (batchId: number, queryId = 'q'): SinkToken => ({
  queryId,
  batchId,
  offsetHash: hashOffsetRow(offsetRow(batchId)),
})
const outcome = (t: LogTail, k: SinkToken | null | undefined): string => {
  try {
    const r = decide(t, k)
    return r.kind === 'rerun'
      ? `rerun ${r.row.batchId}`
      : r.kind === 'continue'
        ? `continue ${r.last.batchId + 1}`
        : r.kind
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return (error as CheckpointError).code
  }
}

describe('decide', () => {
  // offsets end, commits end, sink: no token, empty, or token of a batch → outcome
  const table: readonly (readonly [number, number, SinkToken | null | undefined, string])[] = [
    [-1, -1, undefined, 'fresh'],
    [-1, -1, null, 'fresh'],
    [-1, -1, token(0), 'CHECKPOINT_SINK_AHEAD'],
    [-1, 0, undefined, 'CHECKPOINT_LOGS_INCONSISTENT'],
    [0, -1, undefined, 'rerun 0'],
    [0, -1, null, 'rerun 0'],
    [0, -1, token(0), 'rerun 0'],
    [0, -1, token(1), 'CHECKPOINT_SINK_AHEAD'],
    [0, 0, undefined, 'continue 1'],
    [0, 0, token(0), 'continue 1'],
    [0, 0, null, 'CHECKPOINT_SINK_BEHIND'],
    [0, 0, token(1), 'CHECKPOINT_SINK_AHEAD'],
    [5, 5, undefined, 'continue 6'],
    [5, 5, token(5), 'continue 6'],
    [5, 5, token(4), 'CHECKPOINT_SINK_BEHIND'],
    [5, 5, token(6), 'CHECKPOINT_SINK_AHEAD'],
    [5, 4, undefined, 'rerun 5'],
    [5, 4, token(5), 'rerun 5'],
    [5, 4, token(4), 'rerun 5'],
    [5, 4, token(3), 'CHECKPOINT_SINK_BEHIND'],
    [5, 4, null, 'CHECKPOINT_SINK_BEHIND'],
    [5, 4, token(6), 'CHECKPOINT_SINK_AHEAD'],
    [5, 3, undefined, 'CHECKPOINT_LOGS_INCONSISTENT'],
    [5, 6, undefined, 'CHECKPOINT_LOGS_INCONSISTENT'],
    [5, -1, undefined, 'CHECKPOINT_LOGS_INCONSISTENT'],
    [5, 5, token(5, 'other'), 'CHECKPOINT_SINK_OTHER_QUERY'],
    [5, 4, token(9, 'other'), 'CHECKPOINT_SINK_OTHER_QUERY'],
  ]
  test.each(table)('offsets %i, commits %i, token %j: %s', (offsets, commits, k, expected) => {
    expect(outcome(tail(offsets, commits), k)).toBe(expected)
  })

  test('a token of other offsets is refused, for the last batch and the one before', () => {
    for (const batchId of [5, 4]) {
      const other = { ...token(batchId), offsetHash: hashOffsetRow({ ...offsetRow(batchId), batchTimestampMs: 1 }) }
      expect(outcome(tail(5, 4), other)).toBe('CHECKPOINT_SINK_MISMATCH')
    }
  })

  test('a batch whose beginning is no longer logged cannot run again', () => {
    expect(outcome({ ...tail(5, 4), previous: null }, undefined)).toBe('CHECKPOINT_LOGS_INCONSISTENT')
  })

  test('a rerun comes with the row as logged, the one before, and the last commit', () => {
    expect(decide(tail(5, 4), undefined)).toEqual({
      kind: 'rerun',
      row: offsetRow(5),
      previous: offsetRow(4),
      lastCommit: commitRow(4),
    })
    expect(decide(tail(0, -1), undefined)).toEqual({
      kind: 'rerun',
      row: offsetRow(0),
      previous: null,
      lastCommit: null,
    })
  })
})

describe('hashOffsetRow', () => {
  test('is frozen, and blind to the order of members', () => {
    const row = offsetRow(3)
    const turned = Object.fromEntries(Object.entries(row).reverse()) as unknown as typeof row
    expect(hashOffsetRow(turned)).toBe(hashOffsetRow(row))
    expect(hashOffsetRow(row)).toBe('fd07881f071b57ef66ddb67673d96b2dc51957630e26778f026436be70ad7b06')
    expect(hashOffsetRow({ ...row, extra: { seed: 43 } })).not.toBe(hashOffsetRow(row))
  })
})
