import type { OutputModeName } from '../connectors/provider.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { JOIN_NAME, joinBound, joinWithoutWatermark, keptSide } from './event-time.ts'
import type { Logical, LogicalJoin } from './logical.ts'
import { isStreamJoin, streamJoins } from './stream-joins.ts'
import { visitPlan } from './walk.ts'

/** Refuses a join that cannot run as a stream in an output mode. */
export function checkJoin(node: LogicalJoin, mode: OutputModeName, extensions: boolean): void {
  if (isStreamJoin(node)) return checkStreamJoin(node, mode, extensions)
  const kept = keptSide(node)
  if (kept === null) return
  if (extensions) return checkKeptTable(node, kept, mode)
  const side = kept === 0 ? 'right' : 'left'
  throw new UnsupportedError(
    'STREAMING_JOIN_TYPE',
    { join: JOIN_NAME[node.type], side },
    { at: node.at, hint: `put the stream on the ${kept === 0 ? 'left' : 'right'} side` },
  )
}

function checkStreamJoin(node: LogicalJoin, mode: OutputModeName, extensions: boolean): void {
  const join = JOIN_NAME[node.type]
  if (node.type === 'anti' && !extensions)
    throw new UnsupportedError('STREAMING_JOIN_TYPE', { join, side: 'right' }, { at: node.at })
  const keepsUnmatched = ['left', 'right', 'full', 'anti'].includes(node.type)
  if (mode === 'complete' || (keepsUnmatched && mode === 'update')) refuseJoinMode(node, mode)
  const { leftReleased, rightReleased } = joinBound(node)
  const released =
    node.type === 'right' ? rightReleased : node.type === 'full' ? leftReleased || rightReleased : leftReleased
  if ((keepsUnmatched || node.type === 'semi') && !released) throw joinWithoutWatermark(node)
}

/** A join that keeps the rows of a table on port `kept`: but for a semi join, the watermark must make them final. */
function checkKeptTable(node: LogicalJoin, kept: 0 | 1, mode: OutputModeName): void {
  visitPlan(kept === 0 ? node.left : node.right, (p) => {
    if (p.op === 'scan' && p.source.refresh !== undefined)
      throw new UnsupportedError(
        'STREAMING_JOIN_KEEPS_REFRESHED_TABLE',
        { join: JOIN_NAME[node.type] },
        {
          at: p.at ?? node.at,
          hint: 'rows it has given out cannot be taken back: read the table without refreshInterval, or keep the rows of the stream instead',
        },
      )
  })
  if (node.type === 'semi') return
  if (mode === 'update' || mode === 'complete') refuseJoinMode(node, mode)
  const { leftReleased, rightReleased } = joinBound(node)
  if (!(kept === 0 ? leftReleased : rightReleased)) throw joinWithoutWatermark(node)
}

const refuseJoinMode = (node: LogicalJoin, mode: OutputModeName): never => {
  throw new UnsupportedError(
    'STREAMING_JOIN_OUTPUT_MODE',
    { join: JOIN_NAME[node.type], mode },
    { at: node.at, hint: 'write in output mode append' },
  )
}

/** Refuses a join of two streams without an equality; one of an inner join may stand in a WHERE above it. */
export function checkEqualities(plan: Logical): void {
  for (const join of streamJoins(plan))
    if (joinBound(join).equalities.length === 0)
      throw new UnsupportedError(
        'STREAMING_JOIN_WITHOUT_EQUALITY',
        {},
        { at: join.condition?.at ?? join.at, hint: 'join on l.key = r.key' },
      )
}
