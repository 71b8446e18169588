import type { Cst } from '../../grammar/parse.ts'
import { ParseError } from '../errors/errors.ts'
import type {
  AstCall,
  AstJoin,
  AstLateralView,
  AstName,
  AstPivot,
  AstRelation,
  AstSample,
  AstTableAlias,
  AstTableFunction,
  AstTableRef,
  AstUnpivot,
  AstWatermark,
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
import { unescapeString } from './literal-text.ts'
import { readCall } from './read-call.ts'
import { identifierClause, readExpr, readName, readNamedList } from './read-expr.ts'
import { readInterval } from './read-literal.ts'
import { readQuery, readValues } from './read-query.ts'

/** The relations of FROM, separated by commas. */
export function readFrom(r: Reading, node: Cst): AstRelation[] {
  return kids(node, 'relation').map((n) => readRelation(r, n))
}

function readRelation(r: Reading, node: Cst): AstRelation {
  let relation = readLateralPrimary(r, must(node, 'first'))
  for (const extension of kids(node, 'extension')) {
    if (extension.name === 'join') relation = readJoin(r, extension, relation)
    else if (extension.name === 'pivot') relation = readPivot(r, extension, relation)
    else relation = readUnpivot(r, extension, relation)
  }
  return relation
}

function readLateralPrimary(r: Reading, node: Cst): AstRelation {
  const relation = readPrimary(r, must(node, 'relationPrimary'))
  if (!has(node, 'LATERAL')) return relation
  const at = spanOf(r, node)
  if (relation.kind === 'subquery' || relation.kind === 'tablefunction') return { ...relation, lateral: true, at }
  return relation
}

interface Suffix {
  readonly alias?: AstTableAlias
  readonly watermark?: AstWatermark
  readonly sample?: AstSample
}

function readSuffix(r: Reading, node: Cst): Suffix {
  const alias = readAlias(r, must(node, 'tableAlias'))
  const watermark = kid(node, 'watermark')
  const sample = kid(node, 'sample')
  return {
    ...(alias ? { alias } : {}),
    ...(watermark ? { watermark: readWatermark(r, watermark) } : {}),
    ...(sample ? { sample: readSample(r, sample) } : {}),
  }
}

/** The alias of a relation with its column names, if there is one. */
export function readAlias(r: Reading, node: Cst): AstTableAlias | undefined {
  const name = token(node, 'Identifier')
  if (!name) return undefined
  const columns = kid(node, 'identifierList')
  return { name: ident(r, name), ...(columns ? { columns: idents(r, columns) } : {}), at: spanOf(r, node) }
}

/** TABLESAMPLE: PERCENT and BUCKET x OUT OF y are shares, which outside of 0 … 1 are an error. */
export function readSample(r: Reading, node: Cst): AstSample {
  const at = spanOf(r, node)
  const text = r.sql.slice(at.start, at.end)
  if (has(node, 'ROWS')) return { text, rows: readExpr(r, must(node, 'expression')), at }
  if (has(node, 'ON')) throw syntaxError(tokenSpan(r, token(node, 'ON')!), 'a bucket is drawn from all rows')
  const [first, second] = tokens(node, 'NumberLiteral').map((t) => Number.parseFloat(t.image))
  const share = has(node, 'PERCENT') ? first! / 100 : first! / second!
  const fraction = has(node, 'Minus') ? -share : share
  if (!(fraction >= 0 && fraction <= 1)) throw new ParseError('INVALID_TABLESAMPLE_FRACTION', { fraction }, { at })
  const seed = token(node, 'seed')
  return { text, fraction, ...(seed ? { seed: seed.image } : {}), at }
}

function readWatermark(r: Reading, node: Cst): AstWatermark {
  const name = token(node, 'Identifier')
  return {
    expr: readExpr(r, must(node, 'expression')),
    ...(name ? { name: ident(r, name) } : {}),
    delay: readInterval(r, must(node, 'interval')),
    at: spanOf(r, node),
  }
}

function readPrimary(r: Reading, node: Cst): AstRelation {
  const at = spanOf(r, node)
  const inline = kid(node, 'inlineTable')
  if (inline) {
    const alias = readAlias(r, must(inline, 'tableAlias'))
    return { kind: 'values', values: readValues(r, inline), ...(alias ? { alias } : {}), at }
  }
  const stream = kid(node, 'streamTable')
  if (stream) {
    const properties = kid(stream, 'properties')
    return {
      kind: 'table',
      name: idents(r, must(stream, 'name')),
      stream: true,
      ...(properties ? { options: Object.fromEntries(readProperties(r, properties)) } : {}),
      ...readSuffix(r, must(stream, 'relationSuffix')),
      at,
    }
  }
  const suffix = readSuffix(r, must(node, 'relationSuffix'))
  const query = kid(node, 'query')
  if (query) return { kind: 'subquery', query: readQuery(r, query), ...suffix, at }
  const inner = kid(node, 'relation')
  if (inner) return withSuffix(readRelation(r, inner), suffix, at)
  const call = kid(node, 'call')
  if (call) return readTableFunction(r, call, suffix, at)
  return { kind: 'table', name: idents(r, must(node, 'name')), stream: false, ...suffix, at }
}

/** `(relation) alias`: the alias goes to the relation itself, or, where it has one, to a query over it. */
function withSuffix(relation: AstRelation, suffix: Suffix, at: AstRelation['at']): AstRelation {
  if (Object.keys(suffix).length === 0) return relation
  if (!relation.alias && !relation.watermark && !relation.sample) return { ...relation, ...suffix, at }
  const body = {
    kind: 'select',
    distinct: false,
    items: [{ kind: 'star', qualifier: [], at }],
    from: [relation],
    at,
  } as const
  return { kind: 'subquery', query: { kind: 'query', body, at }, ...suffix, at }
}

function readTableFunction(
  r: Reading,
  node: Cst,
  suffix: Suffix,
  at: AstRelation['at'],
): AstTableFunction | AstTableRef {
  let call = readCall(r, node)
  const only = call.args.length === 1 ? call.args[0] : undefined
  const word = call.name.length === 1 && !call.name[0]!.quoted ? call.name[0]!.name.toLowerCase() : ''
  if (word === 'table' && only?.kind === 'call') call = only
  if (word === 'identifier' && only)
    return { kind: 'table', name: identifierClause(only, only.at ?? spanOf(r, node)), stream: false, ...suffix, at }
  return { kind: 'tablefunction', call, ...suffix, at }
}

/** `(key = value, …)`. */
export function readProperties(r: Reading, node: Cst): [string, string][] {
  return kids(node, 'property').map((p) => readProperty(r, p))
}

function readProperty(r: Reading, node: Cst): [string, string] {
  const key = token(node, 'key')
  const value = token(node, 'value')!
  return [
    key
      ? unescapeString(key.image)
      : idents(r, must(node, 'name'))
          .map((i) => i.name)
          .join('.'),
    value.tokenType.name === 'StringLiteral' ? unescapeString(value.image) : value.image,
  ]
}

/** A join onto `left`. */
export function readJoin(r: Reading, node: Cst, left: AstRelation): AstJoin {
  const words = tokens(node, 'type').map((t) => t.image.toLowerCase())
  const on = kid(node, 'expression')
  const using = kid(node, 'identifierList')
  const here = spanOf(r, node)
  return {
    kind: 'join',
    // LEFT SEMI and LEFT ANTI: the last word says it
    type: (words[words.length - 1] ?? 'inner') as AstJoin['type'],
    ...(has(node, 'NATURAL') ? { natural: true } : {}),
    left,
    right: readLateralPrimary(r, must(node, 'lateralPrimary')),
    ...(on ? { on: readExpr(r, on) } : {}),
    ...(using ? { using: idents(r, using) } : {}),
    at: left.at ? between(left.at, here) : here,
  }
}

/** PIVOT over `input`. */
export function readPivot(r: Reading, node: Cst, input: AstRelation): AstPivot {
  const alias = readAlias(r, must(node, 'tableAlias'))
  return {
    kind: 'pivot',
    input,
    aggregates: readNamedList(r, must(node, 'aggregates')),
    columns: kids(node, 'name').map((n) => readName(r, n)),
    values: readNamedList(r, must(node, 'values')),
    ...(alias ? { alias } : {}),
    at: spanOf(r, node),
  }
}

/** UNPIVOT over `input`. */
export function readUnpivot(r: Reading, node: Cst, input: AstRelation): AstUnpivot {
  const alias = readAlias(r, must(node, 'tableAlias'))
  const list = kid(node, 'valueColumns')
  return {
    kind: 'unpivot',
    input,
    includeNulls: has(node, 'INCLUDE'),
    valueColumns: list ? idents(r, list) : [ident(r, token(node, 'valueColumn')!)],
    nameColumn: ident(r, token(node, 'nameColumn')!),
    sets: kids(node, 'unpivotSet').map((s): { columns: AstName[]; label?: Ident } => {
      const label = token(s, 'Identifier')
      return { columns: kids(s, 'name').map((n) => readName(r, n)), ...(label ? { label: ident(r, label) } : {}) }
    }),
    ...(alias ? { alias } : {}),
    at: spanOf(r, node),
  }
}

/** LATERAL VIEW; `explode(a) AS c` names the column, not the table. */
export function readLateralView(r: Reading, node: Cst): AstLateralView {
  const table = token(node, 'table')
  const call: AstCall = readCall(r, must(node, 'call'))
  return {
    outer: has(node, 'OUTER'),
    call,
    ...(table ? { table: ident(r, table) } : {}),
    columns: idents(r, node),
    at: spanOf(r, node),
  }
}
