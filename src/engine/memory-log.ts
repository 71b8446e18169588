import type { SourceLog } from '../checkpoint/checkpoint.ts'
import type { Json } from '../types/json.ts'

/** A SourceLog that forgets with the process: for bounded reads. */
export function memoryLog(): SourceLog {
  const entries: { offset: number; entry: Json }[] = []
  return {
    append: (offset, added) => {
      for (const entry of added) entries.push({ offset, entry })
    },
    read: (from, to) => entries.filter((e) => e.offset > from && e.offset <= to).map((e) => e.entry),
    all: () => entries.values(),
    last: () => entries[entries.length - 1]?.offset ?? -1,
    truncate: (offset) => {
      while (entries.length > 0 && entries[entries.length - 1]!.offset > offset) entries.pop()
    },
  }
}
