import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import { CheckpointError, OptionError } from '../errors/errors.ts'
import type { Fingerprint } from '../plan/fingerprint.ts'
import { isStreaming, type Logical, type LogicalScan } from '../plan/logical.ts'
import { identityText, sourceIdentity, type TableIdentity } from '../plan/source-identity.ts'
import { transformPlan, visitPlan } from '../plan/walk.ts'
import type { Json } from '../types/json.ts'

/** Key of the identity among the metadata of a checkpoint. */
const KEY = 'query'

/** A stream of the query. `name` is the key of its offsets and logs in the checkpoint, for ever; `alias` what the user calls it now. */
export interface StreamIdentity extends TableIdentity {
  readonly name: string
  readonly alias: string | null
}

/** What a checkpoint belongs to, stored at first start. */
export interface QueryIdentity {
  readonly sources: readonly StreamIdentity[]
  readonly sink: TableIdentity
  readonly mode: OutputModeName
}

/** The plan with every stream named as the checkpoint names it. */
export interface Identified {
  readonly plan: Logical
  readonly identity: QueryIdentity
  /** The sink is another one than before, which was allowed: it may be empty. */
  readonly isSinkNew: boolean
  /** What was matched in a way worth saying. */
  readonly notes: readonly string[]
}

/**
 * Finds the streams of a plan among those of its checkpoint, or names them for the first start. A stream is known by the
 * name its user gave it; else, and when that name is new, by what it reads (see tableIdentity), so that streams may
 * change places and names. A stream that was there and is no more, and another sink, are refused: rows would be lost
 * without a word. A stream that is new begins at its beginning.
 */
export function identify(
  plan: Logical,
  sink: TableIdentity,
  mode: OutputModeName,
  checkpoint: Checkpoint,
  allowSinkChange: boolean,
): Identified {
  const scans = streamsOf(plan)
  const stored = storedIdentity(checkpoint)
  const notes: string[] = []
  const streams =
    stored === undefined ? named(scans, new Set()) : matched(scans, stored.sources, checkpoint.path, notes)
  const identity: QueryIdentity = { sources: streams, sink, mode }
  let isSinkNew = false
  if (stored !== undefined) {
    isSinkNew = isOtherSink(stored, identity, checkpoint.path, allowSinkChange, notes)
    checkMode(stored.mode, mode, plan)
  }
  const names = new Map(scans.map((scan, i) => [scan.id, streams[i]!.name]))
  const renamed = transformPlan(plan, (node) => {
    const name = node.op === 'scan' ? names.get(node.id) : undefined
    return node.op === 'scan' && name !== undefined ? { ...node, source: { ...node.source, name } } : node
  })
  return { plan: renamed, identity, isSinkNew, notes }
}

/** What a checkpoint belongs to; undefined before its first start. Throws CheckpointError. */
export const storedIdentity = (checkpoint: Checkpoint): QueryIdentity | undefined =>
  checkpoint.metadata(KEY) as unknown as QueryIdentity | undefined

/** Keeps the identity, to be written with the next offsets or commit. */
export function keepIdentity(checkpoint: Checkpoint, identity: QueryIdentity): void {
  const json = identity as unknown as Json
  if (JSON.stringify(checkpoint.metadata(KEY)) !== JSON.stringify(json)) checkpoint.setMetadata(KEY, json)
}

/**
 * Ids under which a checkpoint has the state of these nodes, when it has exactly these and only their order differs;
 * undefined otherwise: they are then numbered in order, and the checkpoint says what changed.
 */
export function stateIds(
  prints: readonly Fingerprint[],
  checkpoint: Checkpoint,
): ReadonlyMap<number, string> | undefined {
  const stored = checkpoint.fingerprints()
  if (stored === null) return undefined
  const free = Object.entries(stored).sort(([a], [b]) => order(a) - order(b))
  if (free.length !== prints.length) return undefined
  const ids = new Map<number, string>()
  for (const print of prints) {
    const at = free.findIndex(([, meaning]) => meaning.fingerprint === print.fingerprint)
    if (at < 0) return undefined
    ids.set(print.nodeId, free.splice(at, 1)[0]![0])
  }
  return ids
}

const order = (id: string): number => Number(/\d+$/.exec(id)?.[0] ?? 0)

function streamsOf(plan: Logical): LogicalScan[] {
  const out: LogicalScan[] = []
  visitPlan(plan, (node) => {
    if (node.op === 'scan' && isStreaming(node)) out.push(node)
  })
  const byName = new Map<string, LogicalScan>()
  for (const scan of out) {
    const { name } = scan.source
    if (name === undefined) continue
    const before = byName.get(name)
    const [first, second] = [before, scan].map((s) => (s === undefined ? '' : identityText(sourceIdentity(s.source))))
    if (
      before !== undefined &&
      (first !== second || JSON.stringify(before.source.options) !== JSON.stringify(scan.source.options))
    )
      throw new OptionError(
        'STREAMING_SOURCE_NAME_TAKEN',
        { name, first: first!, second: second! },
        { hint: 'the name of a stream is how its checkpoint knows it: give each its own' },
      )
    byName.set(name, scan)
  }
  return out
}

/** A stream under a name that is not `taken`: the user's, or its format and a number. */
function named(scans: readonly LogicalScan[], taken: Set<string>): StreamIdentity[] {
  return scans.map(({ source }, i) => {
    const alias = source.name ?? null
    const base = alias ?? `${source.format}-${i}`
    let name = base
    // One stream read twice by a query has two positions.
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`
    taken.add(name)
    return { name, alias, ...sourceIdentity(source) }
  })
}

function matched(
  scans: readonly LogicalScan[],
  stored: readonly StreamIdentity[],
  path: string,
  notes: string[],
): StreamIdentity[] {
  const free = [...stored]
  const found = new Map<LogicalScan, StreamIdentity>()
  const take = (scan: LogicalScan, fits: (s: StreamIdentity) => boolean): void => {
    const at = found.has(scan) ? -1 : free.findIndex(fits)
    if (at >= 0) found.set(scan, free.splice(at, 1)[0]!)
  }
  const text = (source: LogicalScan['source']): string => identityText(sourceIdentity(source))
  for (const scan of scans) {
    const { name, format } = scan.source
    if (name !== undefined) take(scan, (s) => (s.alias ?? s.name) === name && s.format === format.toLowerCase())
  }
  for (const scan of scans) take(scan, (s) => identityText(s) === text(scan.source))
  const fresh = scans.filter((s) => !found.has(s))
  if (free.length > 0) {
    const list = (of: readonly string[]): string => (of.length === 0 ? 'none of them' : of.join(', '))
    throw new CheckpointError(
      'CHECKPOINT_SOURCES_CHANGED',
      {
        path,
        before: list(free.map((s) => `"${s.alias ?? s.name}", ${identityText(s)}`)),
        after: list(
          fresh.map((s) => (s.source.name === undefined ? text(s.source) : `"${s.source.name}", ${text(s.source)}`)),
        ),
      },
      {
        hint: 'give streams a name with readStream.name() and keep it, then what they read may move; another query needs a new checkpoint location',
      },
    )
  }
  const names = new Set(stored.map((s) => s.name))
  const added = new Map(named(fresh, names).map((s, i) => [fresh[i]!, s]))
  for (const s of added.values()) notes.push(`the stream ${s.name} is new in this query and begins at its beginning`)
  return scans.map((scan) => {
    const known = found.get(scan)
    if (known === undefined) return added.get(scan)!
    const now = sourceIdentity(scan.source)
    if (identityText(now) !== identityText(known))
      notes.push(`the stream ${known.name} was ${identityText(known)}, now it is ${identityText(now)}`)
    return { name: known.name, alias: scan.source.name ?? null, ...now }
  })
}

/** Whether the sink is another one; throws when that is not allowed. */
function isOtherSink(
  before: QueryIdentity,
  now: QueryIdentity,
  path: string,
  allowed: boolean,
  notes: string[],
): boolean {
  const [was, is] = [identityText(before.sink), identityText(now.sink)]
  if (was === is) return false
  if (!allowed)
    throw new CheckpointError(
      'CHECKPOINT_SINK_CHANGED',
      { path, before: was, after: is },
      {
        hint: 'the new sink would miss the rows of the batches before: use a new checkpoint location, or set millrace.checkpoint.allowSinkChange to true',
      },
    )
  notes.push(`the sink was ${was}, now it is ${is}: it has rows from here on only`)
  return true
}

/** Other modes than complete release the state that it would have to show; append keeps groups back that changelog took for written. */
function checkMode(before: OutputModeName, now: OutputModeName, plan: Logical): void {
  if (before === 'append' && now === 'changelog')
    visitPlan(plan, (node) => {
      if (node.op === 'aggregate' && isStreaming(node))
        throw new CheckpointError(
          'CHECKPOINT_QUERY_CHANGED',
          { node: 'the output mode', before, after: now },
          {
            hint: 'in mode append groups were kept back whose first row changelog would take back: use a new checkpoint location',
          },
        )
    })
  if (before === now || now !== 'complete') return
  visitPlan(plan, (node) => {
    if (node.op === 'aggregate' && isStreaming(node) && node.keys.some((k) => k.attr.eventTime === true))
      throw new CheckpointError(
        'CHECKPOINT_QUERY_CHANGED',
        { node: 'the output mode', before, after: now },
        {
          hint: `in mode ${before} the checkpoint has released groups that mode complete would show: use a new checkpoint location`,
        },
      )
  })
}
