import type { MillraceSession } from '../session.ts'

/** Calls `say` when a query of the session fails by itself; gives the function that ends it. */
export function onQueryFailure(session: MillraceSession, say: (text: string) => void): () => void {
  const names = new Map<string, string>()
  const listener = {
    onQueryStarted: (e: { readonly runId: string; readonly name: string | null; readonly id: string }): void => void names.set(e.runId, e.name ?? e.id),
    onQueryTerminated: (e: { readonly runId: string; readonly exception: string | null }): void => {
      if (e.exception !== null) say(`query ${names.get(e.runId) ?? e.runId} failed: ${e.exception}`)
      names.delete(e.runId)
    },
  }
  session.streams.addListener(listener)
  return () => session.streams.removeListener(listener)
}
