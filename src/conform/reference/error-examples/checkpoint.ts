import { when, type ErrorExamples } from './error-example.ts'

/** An example for every condition of the section "checkpoint" of errors/codes.ts. */
export const CHECKPOINT: ErrorExamples = {
  CHECKPOINT_BATCH_GONE: when(
    '`millrace rollback` to a batch, or a `statestore` read of one, whose state is no longer kept.',
  ),
  CHECKPOINT_CONSTRAINT: when('The sqlite sink writes a row that breaks a UNIQUE or CHECK constraint of its table.'),
  CHECKPOINT_CORRUPT: when('A page of `checkpoint.db` was overwritten, or a blob does not match its checksum.'),
  CHECKPOINT_FORMAT_TOO_NEW: when('A checkpoint of a later version of millrace is opened.'),
  CHECKPOINT_INPUT_GONE: when('`millrace rollback` behind files that `cleanSource` has archived or deleted since.'),
  CHECKPOINT_IO: when('The disk of the checkpoint fails, or the directory may not be read.'),
  CHECKPOINT_LOCKED: when(
    'A second process starts a query on a checkpoint that is in use; `lockTimeout` waits for it.',
  ),
  CHECKPOINT_LOGS_INCONSISTENT: when('The commit log has a batch that the offset log does not have.'),
  CHECKPOINT_NOT_FOUND: when('`millrace inspect` of a directory without a checkpoint.'),
  CHECKPOINT_QUERY_CHANGED: when(
    'A query that counted by `user` is started again on its checkpoint, now counting by `page`.',
  ),
  CHECKPOINT_READ_ONLY: when('The file of the checkpoint, or its disk, does not take writes.'),
  CHECKPOINT_SINK_AHEAD: when('The checkpoint was put back from a backup older than the rows of the sink.'),
  CHECKPOINT_SINK_BEHIND: when(
    'The table of the sink was put back from a backup older than the checkpoint, or made anew.',
  ),
  CHECKPOINT_SINK_MISMATCH: when('The sink holds a batch of the same number that was made from other offsets.'),
  CHECKPOINT_SINK_OTHER_QUERY: when('Two queries write with tokens into one table.'),
  CHECKPOINT_SINK_CHANGED: when(
    'A query that wrote to `kafka` is started again on its checkpoint, now writing to `postgres`.',
  ),
  CHECKPOINT_SOURCES_CHANGED: when(
    'A source was added to the query, or one left out, since the checkpoint was written.',
  ),
  CHECKPOINT_SQL: when(
    'A table of millrace in the checkpoint was altered by hand, so that a statement no longer fits it.',
  ),
  CHECKPOINT_STORAGE_FULL: when('The disk of the checkpoint is full.'),
  CHECKPOINT_TARGET_EXISTS: when('`millrace backup` to a file that is there already.'),
  STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE: when(
    'A restart in which the type of a grouping column is another than in the checkpoint.',
  ),
  STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE: when(
    'A restart in which a state of a processor has another type than in the checkpoint.',
  ),
  STATE_TABLE_TOO_LARGE: when('A column of a shard of state takes more than 2 GiB.'),
  STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA: when(
    'A restart of a query that has an aggregation more, or one less, than the checkpoint.',
  ),
}
