import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { OptionError } from '../errors/errors.ts'
import type { StreamingQuery } from './streaming-query.ts'

/** A checkpoint location kept for one query of this process. */
export interface LocationClaim {
  /** The query that runs there from now on; who waits for the place may stop it. */
  hold(query: StreamingQuery): void
  /** The query has ended, or did not start. */
  release(): void
}

interface Holder {
  query: StreamingQuery | null
  readonly released: Promise<void>
}

/** Of every session of this process: the lock file keeps out other processes only. */
const holders = new Map<string, Holder>()

/**
 * Keeps a checkpoint location for a query that is being started. A query of this process that runs there is stopped
 * first when `stopActive`, else CONCURRENT_QUERY; one that is being started is waited for.
 */
export async function claimLocation(location: string, stopActive: boolean): Promise<LocationClaim> {
  const key = canonical(location)
  for (let found = holders.get(key); found !== undefined; found = holders.get(key)) {
    if (found.query === null) {
      await found.released
      continue
    }
    if (!stopActive)
      throw new OptionError(
        'CONCURRENT_QUERY',
        { location },
        { hint: 'stop it first, or set spark.sql.streaming.stopActiveRunOnRestart to true' },
      )
    await found.query.stop()
  }
  let free!: () => void
  const holder: Holder = { query: null, released: new Promise<void>((done) => (free = done)) }
  holders.set(key, holder)
  return {
    hold: (query) => {
      holder.query = query
      // Whoever waits for the start to be over looks again.
      free()
    },
    release: () => {
      if (holders.get(key) === holder) holders.delete(key)
      free()
    },
  }
}

/** One text for every way to write the location, links resolved as far as it exists. */
function canonical(location: string): string {
  const path = resolve(location.replace(/^file:(\/\/)?/, ''))
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(canonical(parent), basename(path))
  }
}
