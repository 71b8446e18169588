import type { Database } from '../storage/database.ts'
import { BatchLog } from './batch-log.ts'
import type { OffsetRow } from './checkpoint.ts'

/** What batches were to read, written before they ran. */
export type OffsetLog = BatchLog<OffsetRow>

export const offsetLog = (db: Database): OffsetLog => new BatchLog<OffsetRow>(db, 'millrace_offsets', 'offset row')
