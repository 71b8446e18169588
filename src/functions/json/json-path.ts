import { JsonArray, JsonObject, type JsonNode } from './json-text.ts'
import { writeJson } from './json-write.ts'

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'anyMember' }

/** How a result stands in what is around it: alone, as an element of a list, or with its own elements in place of it. */
type Style = 'raw' | 'quoted' | 'flat'

const STEP = /\.\*|\['\*'\]|\.([^.[]+)|\['([^'?]+)'\]|\[(\*|\d+)\]/y

/** The steps of a path such as `$.a['b c'][0][*]`; null for a text that is no path. */
function parsePath(path: string): readonly Step[] | null {
  if (path[0] !== '$') return null
  const steps: Step[] = []
  let at = 1
  while (at < path.length) {
    STEP.lastIndex = at
    const m = STEP.exec(path)
    if (m === null) return null
    const name = m[1] ?? m[2]
    if (name !== undefined) steps.push({ kind: 'member', name })
    else if (m[3] === '*') steps.push({ kind: 'all' })
    else if (m[3] !== undefined) steps.push({ kind: 'index', index: Number(m[3]) })
    else steps.push({ kind: 'anyMember' })
    at += m[0].length
  }
  return steps
}

/** The names of a path that leads from member to member (`$.a.b`); null for any other path. */
export function memberNames(path: string): readonly string[] | null {
  const names = parsePath(path)?.map((step) => (step.kind === 'member' ? step.name : null))
  return names !== undefined && names.length > 0 && names.every((n) => n !== null) ? names : null
}

/** Writes what `steps` from `at` on find under `node` to `out`, one text for each place; false when they find nothing. */
function find(node: JsonNode, steps: readonly Step[], at: number, style: Style, out: string[]): boolean {
  const step = steps[at]
  if (step === undefined) {
    if (typeof node === 'string' && style === 'raw') {
      out.push(node)
      return true
    }
    if (node instanceof JsonArray && style === 'flat') return anyOf(node, (item) => find(item, steps, at, style, out))
    out.push(writeJson(node))
    return true
  }
  switch (step.kind) {
    case 'member': {
      if (!(node instanceof JsonObject)) return false
      // Of a repeated name the first that leads on counts; a NULL leads nowhere.
      return node.names.some(
        (name, i) => name === step.name && node.values[i] !== null && find(node.values[i]!, steps, at + 1, style, out),
      )
    }
    case 'index': {
      if (!(node instanceof JsonArray) || step.index >= node.items.length) return false
      // A wildcard directly behind gives a list, whose strings are quoted.
      const next = steps[at + 1]?.kind === 'all' ? 'quoted' : style
      return find(node.items[step.index]!, steps, at + 1, next, out)
    }
    case 'all':
      return node instanceof JsonArray && findAll(node, steps, at, style, out)
    case 'anyMember':
      return false
  }
}

function anyOf(list: JsonArray, found: (item: JsonNode) => boolean): boolean {
  let any = false
  for (const item of list.items) any = found(item) || any
  return any
}

/** `[*]`: two of them in a row flatten; one alone gives a list only when it finds more than one thing. */
function findAll(node: JsonArray, steps: readonly Step[], at: number, style: Style, out: string[]): boolean {
  const inner: string[] = []
  if (steps[at + 1]?.kind === 'all') {
    const any = anyOf(node, (item) => find(item, steps, at + 2, 'flat', inner))
    out.push(`[${inner.join(',')}]`)
    return any
  }
  if (style === 'quoted') {
    const any = anyOf(node, (item) => find(item, steps, at + 1, 'quoted', inner))
    out.push(`[${inner.join(',')}]`)
    return any
  }
  let matches = 0
  for (const item of node.items) if (find(item, steps, at + 1, style === 'flat' ? 'flat' : 'quoted', inner)) matches++
  if (matches === 0) return false
  out.push(matches === 1 ? inner.join(',') : `[${inner.join(',')}]`)
  return true
}

const paths = new Map<string, readonly Step[] | null>()

/** What a path finds in a JSON value: a string as it is, all else as JSON; null when it finds nothing or is no path. */
export function findPath(node: JsonNode, path: string): string | null {
  let steps = paths.get(path)
  if (steps === undefined) {
    // Paths may come from data: a bound keeps them from filling memory.
    if (paths.size > 500) paths.clear()
    paths.set(path, (steps = parsePath(path)))
  }
  if (steps === null) return null
  const out: string[] = []
  return find(node, steps, 0, 'raw', out) ? out.join('') : null
}
