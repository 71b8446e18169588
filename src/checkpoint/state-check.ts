import type { Database } from '../storage/database.ts'
import { type Damage, NO_START, type RowCheck } from './damage.ts'
import { checksum } from './integrity.ts'
import { changesChecksum, changesWhere, snapshotWhere, tableChecksum } from './state-versions.ts'

const MADE_GOOD =
  'the query goes on: as of the last commit its state can be restored, from older snapshots and change logs where need be'

/**
 * Reads every change log and snapshot of every state table, and finds change logs that are missing between others.
 * `restorable` says of a table whether it can be restored as of the last commit.
 */
export function checkState(db: Database, restorable: (operatorId: string, table: string) => boolean): RowCheck {
  const damages: Damage[] = []
  let rows = 0
  const changes = db.prepare('SELECT * FROM millrace_state_changes WHERE table_id = ? ORDER BY version')
  const snapshots = db.prepare(
    'SELECT shard, version, content, crc FROM millrace_state_snapshots WHERE table_id = ? ORDER BY shard, version',
  )
  for (const entry of db.prepare('SELECT id, operator_id, name, spec, crc FROM millrace_state_tables').all()) {
    rows++
    const [id, operatorId, name] = [Number(entry['id']), String(entry['operator_id']), String(entry['name'])]
    if (tableChecksum(id, operatorId, name, String(entry['spec'])) !== entry['crc'])
      damages.push({ what: `the state table ${name} of ${operatorId} is damaged`, meaning: NO_START })
    const meaning = restorable(operatorId, name) ? MADE_GOOD : NO_START
    let before: number | null = null
    for (const row of changes.iterate(id)) {
      rows++
      const version = Number(row['version'])
      const content = row['content'] ?? null
      const change = {
        logsFrom: Number(row['logs_from']),
        prev: Number(row['prev']),
        shards: Number(row['shards']),
        shardsXor: Number(row['shards_xor']),
        content: content instanceof Uint8Array ? content : null,
      }
      const where = changesWhere(operatorId, name, version)
      if (changesChecksum(operatorId, name, version, change) !== row['crc'])
        damages.push({ what: `${where} is damaged`, meaning })
      else if (before !== null && change.prev !== before)
        damages.push({ what: `${changesWhere(operatorId, name, change.prev)} is missing`, meaning })
      before = version
    }
    for (const row of snapshots.iterate(id)) {
      rows++
      const where = snapshotWhere(operatorId, name, Number(row['version']), Number(row['shard']))
      const content = row['content']
      if (!(content instanceof Uint8Array) || checksum(where, content) !== row['crc'])
        damages.push({ what: `${where} is damaged`, meaning })
    }
  }
  return { rows, damages }
}
