import { DATE, STRING, TIMESTAMP, TIMESTAMP_NTZ } from '../../types/data-type.ts'
import { daysOfTimestamp, zoneOf } from '../../types/time.ts'
import { scalar, type FunctionEntry } from '../entry.ts'

/** The time of the batch: the same for every row and for every rerun of a batch. */
export const entries: readonly FunctionEntry[] = [
  {
    ...scalar('current_date', [], DATE, {
      group: 'datetime',
      doc: 'The date of the batch in the time zone of the session.',
      examples: [{ sql: 'current_date() = current_date()', gives: 'true' }],
      bind: (site) => {
        const zone = zoneOf(site.env.timeZone)
        return () => daysOfTimestamp(site.env.batchTimeUs(), zone)
      },
    }),
    aliases: ['curdate'],
  },
  {
    ...scalar('current_timestamp', [], TIMESTAMP, {
      group: 'datetime',
      doc: 'The time of the batch.',
      examples: [{ sql: 'current_timestamp() = now()', gives: 'true' }],
      bind: (site) => () => site.env.batchTimeUs(),
    }),
    aliases: ['now'],
  },
  scalar('localtimestamp', [], TIMESTAMP_NTZ, {
    group: 'datetime',
    doc: 'The time of the batch on the clock of the session, as TIMESTAMP_NTZ.',
    examples: [{ sql: 'localtimestamp() = localtimestamp()', gives: 'true' }],
    bind: (site) => {
      const zone = zoneOf(site.env.timeZone)
      return () => zone.utcToLocalUs(site.env.batchTimeUs())
    },
  }),
  scalar('current_timezone', [], STRING, {
    group: 'datetime',
    doc: 'The time zone of the session.',
    examples: [{ sql: 'length(current_timezone()) > 0', gives: 'true' }],
    bind: (site) => () => site.env.timeZone,
    codegen: (_args, site) => site.constant(site.env.timeZone),
  }),
]
