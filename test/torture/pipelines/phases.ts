import type { Phase } from '../torture.ts'
import type { QueryName } from './plan.ts'
import type { Remains } from './remains.ts'

/** Reads the batch of the last transaction that a server has of a query, -1 for none. */
export type Tokens = Readonly<Partial<Record<QueryName, () => Promise<number>>>>

/**
 * Where a query of the life that just died stood, by its logs and, when a server has its output, by the token there. Only between two
 * batches, and in the one transaction of a table and its checkpoint, the last note decides. What cannot be is told to `fault`.
 */
export async function phaseOf(
  query: QueryName,
  remains: Remains,
  tokens: Tokens,
  fault: (text: string) => void,
): Promise<Phase> {
  const notes = remains.notes(query)
  const last = notes[notes.length - 1]
  if (last === undefined) return 'starting'
  const { offsets, commits } = remains.rows(query)
  if (offsets === commits) return last.batchId > offsets ? 'a' : 'd'
  const told = notes.some((note) => note.batchId === offsets && note.point === 'after-sink')
  const token = await tokens[query]?.()
  if (token === undefined) return told ? 'c' : 'b'
  if (told && token !== offsets) fault(`${query}: batch ${offsets} was written and its token is ${token}`)
  if (token > offsets) fault(`${query}: the server has batch ${token}, the checkpoint's last is ${offsets}`)
  return token === offsets ? 'c' : 'b'
}
