import type { Cst } from '../../grammar/parse.ts'
import { ParseError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type {
  AstExpr,
  AstGroupBy,
  AstGroupingElement,
  AstPipe,
  AstPipeStep,
  AstQuery,
  AstQueryBody,
  AstSelect,
  AstSetOperation,
  AstTableRef,
  AstWindowSpec,
  AstWith,
  Ident,
} from './ast.ts'
import {
  between,
  has,
  ident,
  idents,
  kid,
  kids,
  must,
  spanOf,
  syntaxError,
  token,
  tokens,
  tokenSpan,
  type Reading,
} from './cst.ts'
import { readSortItem, readWindowSpec } from './read-call.ts'
import { readExpr, readName, readNamed, readNamedList } from './read-expr.ts'
import { readAlias, readFrom, readJoin, readLateralView, readPivot, readSample, readUnpivot } from './read-relation.ts'

type Organization = Pick<AstQuery, 'orderBy' | 'sortBy' | 'limit' | 'offset'>
type Windows = NonNullable<AstSelect['windows']>

/** A query with WITH in front and ORDER BY … LIMIT behind; brackets around a whole query leave no trace. */
export function readQuery(r: Reading, node: Cst): AstQuery {
  const at = spanOf(r, node)
  const withNode = kid(node, 'with')
  const organizationNode = must(node, 'organization')
  const organization = readOrganization(r, organizationNode)
  let body = readTerm(r, must(node, 'queryTerm'))
  const windows = readWindows(r, organizationNode)
  if (windows) {
    if (body.kind !== 'select') throw syntaxError(windows[0]!.name.at!)
    body = { ...body, windows: [...(body.windows ?? []), ...windows] }
  }
  if (!withNode && body.kind === 'query' && Object.keys(organization).length === 0) return { ...body, at }
  return { kind: 'query', ...(withNode ? { with: readWith(r, withNode) } : {}), body, ...organization, at }
}

function readWith(r: Reading, node: Cst): AstWith {
  const seen = new Set<string>()
  const ctes = kids(node, 'cte').map((c) => {
    const name = ident(r, token(c, 'Identifier')!)
    if (seen.has(name.name)) throw new ParseError('DUPLICATED_CTE_NAMES', { name: name.name }, { at: name.at })
    seen.add(name.name)
    const columns = kid(c, 'identifierList')
    const level = token(c, 'NumberLiteral')
    if (level && !/^\d{1,9}$/.test(level.image)) throw syntaxError(tokenSpan(r, level))
    return {
      name,
      ...(columns ? { columns: idents(r, columns) } : {}),
      query: readQuery(r, must(c, 'query')),
      ...(level ? { maxRecursionLevel: Number(level.image) } : {}),
    }
  })
  return { recursive: has(node, 'RECURSIVE'), ctes, at: spanOf(r, node) }
}

const isAll = (expr: AstExpr): boolean =>
  expr.kind === 'name' &&
  expr.parts.length === 1 &&
  !expr.parts[0]!.quoted &&
  expr.parts[0]!.name.toLowerCase() === 'all'

function readOrganization(r: Reading, node: Cst): Organization {
  const result: { -readonly [K in keyof Organization]: Organization[K] } = {}
  const limit = kid(node, 'limit')
  const offset = kid(node, 'offset')
  for (const ordering of kids(node, 'ordering')) {
    const at = spanOf(r, ordering)
    const items = kids(ordering, 'sortItem').map((s) => readSortItem(r, s))
    const word = token(ordering, 'kind')!
    const kind = word.image.toLowerCase()
    if (kind === 'order') {
      if (result.orderBy) throw syntaxError(tokenSpan(r, word))
      result.orderBy = { ...(items.length === 1 && isAll(items[0]!.expr) ? { all: true } : {}), items, at }
    } else {
      // DISTRIBUTE BY … SORT BY … is both; the order inside a partition is what a reader can see
      if (result.sortBy && result.sortBy.kind !== 'distribute') throw syntaxError(tokenSpan(r, word))
      const distributeBy = result.sortBy?.items
      result.sortBy = {
        kind: kind as 'sort' | 'cluster' | 'distribute',
        items,
        ...(distributeBy ? { distributeBy } : {}),
        at,
      }
    }
  }
  if (limit) result.limit = readExpr(r, limit)
  if (offset) result.offset = readExpr(r, offset)
  return result
}

function readWindows(r: Reading, node: Cst): Windows | undefined {
  const named = kids(node, 'windowClause').flatMap((w) => kids(w, 'namedWindow'))
  if (named.length === 0) return undefined
  return named.map((n): { name: Ident; spec: AstWindowSpec } => ({
    name: ident(r, token(n, 'Identifier')!),
    spec: readWindowSpec(r, must(n, 'windowSpec')),
  }))
}

interface SetOperator {
  readonly op: AstSetOperation['op']
  readonly all: boolean
  readonly byName?: boolean
}

function readSetOperator(tail: Cst): SetOperator {
  const node = must(tail, 'setOperator')
  const op = has(node, 'UNION') ? 'union' : has(node, 'INTERSECT') ? 'intersect' : 'except'
  return { op, all: has(node, 'ALL'), ...(has(node, 'BY') ? { byName: true } : {}) }
}

/** Set operations and pipes: INTERSECT binds tighter than UNION and EXCEPT, a pipe takes all that is left of it. */
function readTerm(r: Reading, node: Cst): AstQueryBody {
  const first = must(node, 'first')
  const whole = spanOf(r, first)
  let operands: AstQueryBody[] = [readBody(r, first)]
  let operators: SetOperator[] = []
  const join = (left: AstQueryBody, operator: SetOperator, right: AstQueryBody): AstQueryBody => {
    const from = left.at ?? whole
    return { kind: 'setop', ...operator, left, right, at: between(from, right.at ?? from) }
  }
  const settle = (): AstQueryBody => {
    const rest: AstQueryBody[] = [operands[0]!]
    const waiting: SetOperator[] = []
    operators.forEach((operator, i) => {
      const right = operands[i + 1]!
      if (operator.op === 'intersect') rest.push(join(rest.pop()!, operator, right))
      else {
        rest.push(right)
        waiting.push(operator)
      }
    })
    return waiting.reduce((left, operator, i) => join(left, operator, rest[i + 1]!), rest[0]!)
  }
  for (const tail of kids(node, 'tail')) {
    if (tail.name === 'setTail') {
      operators.push(readSetOperator(tail))
      operands.push(readBody(r, must(tail, 'queryPrimary')))
      continue
    }
    const input = settle()
    const step = readPipeStep(r, tail)
    const piped: AstPipe =
      input.kind === 'pipe' && operands.length === 1
        ? { ...input, steps: [...input.steps, step], at: between(input.at ?? whole, step.at!) }
        : { kind: 'pipe', input, steps: [step], at: between(input.at ?? whole, step.at!) }
    operands = [piped]
    operators = []
  }
  return settle()
}

function readBody(r: Reading, node: Cst): AstQueryBody {
  const at = spanOf(r, node)
  const select = kid(node, 'select') ?? kid(node, 'fromFirst')
  if (select) return readSelect(r, select)
  const table = kid(node, 'table')
  if (table) return { kind: 'table', name: idents(r, must(table, 'name')), at }
  const inline = kid(node, 'inlineTable')
  if (inline) {
    const values = readValues(r, inline)
    const alias = readAlias(r, must(inline, 'tableAlias'))
    if (!alias) return { ...values, at }
    return {
      kind: 'select',
      distinct: false,
      items: [{ kind: 'star', qualifier: [], at }],
      from: [{ kind: 'values', values, alias, at }],
      at,
    }
  }
  const query = readQuery(r, must(node, 'query'))
  const bare = !query.with && !query.orderBy && !query.sortBy && query.limit === undefined && query.offset === undefined
  return bare ? query.body : { ...query, at }
}

/** VALUES rows; `(1, 2)` is a row of two, `(1)` and `1` of one. */
export function readValues(r: Reading, node: Cst): Extract<AstQueryBody, { kind: 'values' }> {
  const rows = kids(node, 'expression').map((e) => {
    const expr = readExpr(r, e)
    if (expr.kind === 'tuple') return expr.items
    // struct(1, 2) is a row of two as well, named_struct('a', 1) a row of one
    if (expr.kind === 'call' && expr.name.length === 1 && !expr.name[0]!.quoted && expr.name[0]!.name === 'struct')
      return expr.args.map((a) => (a.kind === 'alias' ? a.arg : a))
    return [expr]
  })
  const list = kids(node, 'expression')
  const end = spanOf(r, list[list.length - 1]!)
  return { kind: 'values', rows, at: between(tokenSpan(r, token(node, 'VALUES')!), end) }
}

interface SelectHead {
  readonly hints?: readonly string[]
  readonly distinct: boolean
  readonly items: readonly AstExpr[]
}

function readSelectClause(r: Reading, node: Cst): SelectHead {
  const hints = tokens(node, 'Hint').map((t) => t.image.slice(3, -2).trim())
  return {
    ...(hints.length > 0 ? { hints } : {}),
    distinct: has(node, 'DISTINCT'),
    items: readNamedList(r, must(node, 'namedExpressions')),
  }
}

function readSelect(r: Reading, node: Cst): AstSelect {
  const at = spanOf(r, node)
  const clause = kid(node, 'selectClause')
  const head: SelectHead = clause
    ? readSelectClause(r, clause)
    : { distinct: false, items: [{ kind: 'star', qualifier: [], at }] }
  const fromNode = kid(node, 'fromClause')
  const tail = kid(node, 'selectTail')
  const views = [...(fromNode ? kids(fromNode, 'lateralView') : []), ...(tail ? kids(tail, 'lateralView') : [])]
  const part = (name: string): AstExpr | undefined => {
    const expr = tail && kid(tail, name)
    return expr && readExpr(r, expr)
  }
  const where = part('where')
  const having = part('having')
  const qualify = part('qualify')
  const group = tail && kid(tail, 'groupBy')
  const windows = tail && readWindows(r, tail)
  return {
    kind: 'select',
    ...head,
    ...(fromNode ? { from: readFrom(r, fromNode) } : {}),
    ...(views.length > 0 ? { lateralViews: views.map((v) => readLateralView(r, v)) } : {}),
    ...(where ? { where } : {}),
    ...(group ? { groupBy: readGroupBy(r, group) } : {}),
    ...(having ? { having } : {}),
    ...(qualify ? { qualify } : {}),
    ...(windows ? { windows } : {}),
    at,
  }
}

function readGroupBy(r: Reading, node: Cst): AstGroupBy {
  const at = spanOf(r, node)
  let elements = kids(node, 'groupingElement').map((e) => readGroupingElement(r, e))
  const sets = kid(node, 'groupingSets')
  const columns = (next: Span): AstExpr[] =>
    elements.map((e) => {
      if (e.kind !== 'expr') throw syntaxError(next)
      return e.expr
    })
  if (has(node, 'ROLLUP') || has(node, 'CUBE')) {
    const single = columns(tokenSpan(r, token(node, 'WITH')!)).map((e) => [e])
    elements = [{ kind: has(node, 'ROLLUP') ? 'rollup' : 'cube', sets: single, at }]
  } else if (sets) elements = [{ ...readGroupingSets(r, sets), keys: columns(spanOf(r, sets)) }]
  const only = elements[0]!
  if (elements.length === 1 && only.kind === 'expr' && isAll(only.expr)) return { all: true, elements: [], at }
  return { elements, at }
}

function readGroupingElement(r: Reading, node: Cst): AstGroupingElement {
  const at = spanOf(r, node)
  if (node.name === 'groupingSet') return { kind: 'set', exprs: readGroupingSet(r, node), at }
  const sets = kid(node, 'groupingSets')
  if (sets) return readGroupingSets(r, sets)
  const kind = token(node, 'kind')
  if (kind) {
    const lists = kids(node, 'groupingSet').map((s) => readGroupingSet(r, s))
    return { kind: kind.image.toLowerCase() as 'rollup' | 'cube', sets: lists, at }
  }
  const named = kid(node, 'namedExpression')
  return { kind: 'expr', expr: named ? readNamed(r, named) : readExpr(r, must(node, 'expression')), at }
}

function readGroupingSets(r: Reading, node: Cst): AstGroupingElement & { readonly kind: 'sets' } {
  return { kind: 'sets', elements: kids(node, 'element').map((e) => readGroupingElement(r, e)), at: spanOf(r, node) }
}

function readGroupingSet(r: Reading, node: Cst): AstExpr[] {
  const single = kid(node, 'single')
  return single ? [readExpr(r, single)] : kids(node, 'expression').map((e) => readExpr(r, e))
}

/** What a pipe step's clauses read; it has no name of its own. */
const PIPED: AstTableRef = { kind: 'table', name: [], stream: false }

function readPipeStep(r: Reading, node: Cst): AstPipeStep {
  const at = spanOf(r, node)
  const items = kid(node, 'namedExpressions')
  const select = kid(node, 'selectClause')
  if (select) {
    const head = readSelectClause(r, select)
    const windows = readWindows(r, node)
    const body: AstSelect = { kind: 'select', ...head, ...(windows ? { windows } : {}), at }
    return { op: 'select', items: head.items, query: { kind: 'query', body, at }, at }
  }
  if (has(node, 'EXTEND')) return { op: 'extend', items: readNamedList(r, items!), at }
  if (has(node, 'SET')) {
    const list = kids(node, 'assignment').map((a): AstExpr => {
      return {
        kind: 'alias',
        arg: readExpr(r, must(a, 'expression')),
        names: idents(r, must(a, 'name')),
        at: spanOf(r, a),
      }
    })
    return { op: 'set', items: list, at }
  }
  if (has(node, 'DROP')) return { op: 'drop', items: kids(node, 'name').map((n) => readName(r, n)), at }
  if (has(node, 'AS')) return { op: 'as', alias: { name: ident(r, token(node, 'Identifier')!), at }, at }
  if (has(node, 'WHERE')) return { op: 'where', condition: readExpr(r, must(node, 'expression')), at }
  if (has(node, 'AGGREGATE')) {
    const group = kid(node, 'groupBy')
    return {
      op: 'aggregate',
      items: items ? readNamedList(r, items) : [],
      ...(group ? { groupBy: readGroupBy(r, group) } : {}),
      at,
    }
  }
  const pivot = kid(node, 'pivot')
  if (pivot) return { op: 'pivot', pivot: readPivot(r, pivot, PIPED), at }
  const unpivot = kid(node, 'unpivot')
  if (unpivot) return { op: 'unpivot', pivot: readUnpivot(r, unpivot, PIPED), at }
  const sample = kid(node, 'sample')
  if (sample) return { op: 'tablesample', sample: readSample(r, sample), at }
  const join = kid(node, 'join')
  if (join) return { op: 'join', join: readJoin(r, join, PIPED), at }
  const view = kid(node, 'lateralView')
  if (view) return { op: 'lateral view', lateralView: readLateralView(r, view), at }
  const setTail = kid(node, 'setTail')
  if (setTail) {
    const operator = readSetOperator(setTail)
    return { op: operator.op, setop: { ...operator, queries: [readBody(r, must(setTail, 'queryPrimary'))] }, at }
  }
  const organization = readOrganization(r, must(node, 'pipeOrder'))
  const op = organization.orderBy ? 'order' : organization.sortBy ? organization.sortBy.kind : 'limit'
  return { op, query: { kind: 'query', body: { kind: 'table', name: [] }, ...organization, at }, at }
}
