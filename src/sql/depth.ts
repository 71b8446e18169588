/** How deep the nodes of a tree nest, spans left out; stops looking once `limit` is passed. Needs no stack of its own. */
export function measureDepth(root: unknown, limit: number): number {
  let level: object[] = [root as object]
  let depth = 0
  while (level.length > 0 && depth <= limit) {
    const next: object[] = []
    let isNodes = false
    for (const node of level) {
      // an array is no level of its own
      const pending: object[] = [node]
      for (let i = 0; i < pending.length; i++) {
        const here = pending[i]!
        if (!Array.isArray(here)) isNodes = true
        for (const [key, child] of Object.entries(here)) {
          if (key === 'at' || typeof child !== 'object' || child === null) continue
          if (Array.isArray(child)) pending.push(child as object)
          else next.push(child as object)
        }
      }
    }
    if (isNodes) depth++
    level = next
  }
  return depth
}
