import type { Database } from '../storage/database.ts'
import { BatchLog } from './batch-log.ts'
import type { CommitRow } from './checkpoint.ts'

/** What batches are done, written with their state. */
export type CommitLog = BatchLog<CommitRow>

export const commitLog = (db: Database): CommitLog => new BatchLog<CommitRow>(db, 'millrace_commits', 'commit row')
