import { CHANGE_TYPE, type OutputModeName } from '../connectors/provider.ts'
import { AnalysisError, UnsupportedError } from '../errors/errors.ts'
import { conjuncts, type Expr } from '../expr/bound.ts'
import { attrIds } from '../plan/expr-key.ts'
import type { ExprEnv } from '../expr/env.ts'
import { stateType } from '../functions/user/group-state.ts'
import type { PaneSpec, ReleaseRule, TimeColumn } from '../operators/config.ts'
import { callExpr } from '../plan/term.ts'
import { originOf, shapeOf } from '../plan/window-origin.ts'
import { groupKey } from './group-key.ts'
import { processorTables } from './processor-tables.ts'
import {
  type Attr,
  inputsOf,
  isStreaming,
  type Logical,
  type LogicalAggregate,
  type LogicalDedup,
  type LogicalJoin,
  type LogicalObserve,
  type LogicalScan,
  type LogicalTransformWithState,
  type LogicalWatermark,
  type Named,
} from '../plan/logical.ts'
import type { StateTableSpec } from '../state/table.ts'
import { BIGINT, BOOLEAN, field, STRING, TIMESTAMP } from '../types/data-type.ts'
import type { WindowShape } from '../types/window-shape.ts'
import { aggregateEntry, aggregateSpecs, type AggregateSpecs, type DistinctTables } from './aggregates.ts'
import { bindExpr, columnAt, schemaOfAttrs } from './bind.ts'
import { overCalls } from './plan-over.ts'
import { joinWithoutWatermark, keptSide } from '../plan/event-time.ts'
import { joinBounds, lateColumn, timeColumn } from './join-bounds.ts'
import { splitJoinCondition } from './join-keys.ts'
import type { EnvSpec, NodeSpec, PipelineSpec, StreamJoinSide } from './spec.ts'

export interface PlanOptions {
  /** null for a batch query. */
  readonly mode: OutputModeName | null
  readonly env: ExprEnv
  readonly envSpec: EnvSpec
  /** By id of the logical node. */
  readonly fingerprints: ReadonlyMap<number, { readonly fingerprint: string; readonly describe: string }>
  /** Ids of stateful operators that a checkpoint has them under, by id of the logical node. */
  readonly stateIds?: ReadonlyMap<number, string> | undefined
}

/** A part of the pipeline already planned: the node that gives it, and its columns. */
interface Planned {
  readonly id: string
  readonly attrs: readonly Attr[]
}

/** No column of a plan has it. */
const CHANGE_TYPE_ID = -1

/** An optimized logical plan as a PipelineSpec. Only here do plan and operators meet. */
export function planQuery(plan: Logical, options: PlanOptions): PipelineSpec {
  return new Planner(options).run(plan)
}

class Planner {
  readonly #options: PlanOptions
  readonly #nodes: NodeSpec[] = []
  readonly #fingerprints: Record<string, { fingerprint: string; describe: string }> = {}
  #sources = 0
  readonly #watermarks = new Map<number, string>()
  #stateful = 0
  /** Windows whose rows may leave in any order. */
  readonly #anyOrder = new Set<number>()
  /** Rows that a LIMIT wants of a recursive table, by id of its node. */
  readonly #wanted = new Map<number, number>()

  constructor(options: PlanOptions) {
    this.#options = options
  }

  run(plan: Logical): PipelineSpec {
    const { mode, envSpec } = this.#options
    const planned = this.#plan(plan)
    const out = mode === 'changelog' ? this.#changeTypes(planned, groupKey(plan)) : planned
    return {
      version: 1,
      kind: mode === null ? 'batch' : 'stream',
      mode,
      schema: schemaOfAttrs(out.attrs),
      nodes: this.#nodes,
      env: envSpec,
      fingerprints: this.#fingerprints,
    }
  }

  #changeTypes(input: Planned, key: readonly number[] | null): Planned {
    const type: Attr = { id: CHANGE_TYPE_ID, name: CHANGE_TYPE, type: STRING, nullable: false, qualifier: [] }
    const attrs = [...input.attrs, type]
    const schema = schemaOfAttrs(attrs)
    return this.#add({ op: 'change-types', id: this.#id('change-types'), inputs: [input.id], schema, key }, attrs)
  }

  #add(node: NodeSpec, attrs: readonly Attr[]): Planned {
    this.#nodes.push(node)
    return { id: node.id, attrs }
  }

  #id(op: string): string {
    return `${op}-${this.#nodes.length}`
  }

  /** Ids of stateful operators count by themselves, so that stateless parts may change between restarts. */
  #statefulId(op: string, plan: Logical): string {
    const next = `${op}-s${this.#stateful++}`
    const id = this.#options.stateIds?.get(plan.id) ?? next
    const print = this.#options.fingerprints.get(plan.id)
    if (print) this.#fingerprints[id] = print
    return id
  }

  #plan(plan: Logical): Planned {
    const { attrs } = plan
    const schema = schemaOfAttrs(attrs)
    switch (plan.op) {
      case 'scan':
        return this.#scan(plan)
      case 'local':
        return this.#add({ op: 'local', id: this.#id('local'), inputs: [], schema, rows: plan.rows }, attrs)
      case 'range': {
        const { start, end, step } = plan
        return this.#add({ op: 'range', id: this.#id('range'), inputs: [], schema, start, end, step }, attrs)
      }
      case 'project': {
        const filter = plan.input.op === 'filter' ? plan.input : null
        const input = this.#plan(filter ? filter.input : plan.input)
        return this.#fused(
          input,
          filter ? bindExpr(filter.condition, input.attrs) : null,
          plan.items.map((i) => bindExpr(i.expr, input.attrs)),
          attrs,
        )
      }
      case 'filter': {
        const input = this.#plan(plan.input)
        return this.#fused(input, bindExpr(plan.condition, input.attrs), null, attrs)
      }
      case 'watermark': {
        const input = this.#plan(plan.input)
        const column = input.attrs.findIndex((a) => a.id === plan.column)
        return this.#add(
          {
            op: 'watermark',
            id: this.#id('watermark'),
            inputs: [input.id],
            schema,
            column,
            delayUs: plan.delayUs,
            stream: this.#stream(plan.origin),
          },
          attrs,
        )
      }
      case 'window': {
        const input = this.#plan(plan.input)
        if (plan.gap) {
          const [start, end] = [plan.time, callExpr(this.#options.env, '+', [plan.time, plan.gap], plan.at)].map((e) =>
            bindExpr(e, input.attrs),
          ) as [Expr, Expr]
          return this.#add({ op: 'session', id: this.#id('session'), inputs: [input.id], schema, start, end }, attrs)
        }
        const { sizeUs, slideUs, startUs, calendar, cumulates } = plan
        const time = bindExpr(plan.time, input.attrs)
        if (calendar)
          return this.#add(
            { op: 'calendar-window', id: this.#id('window'), inputs: [input.id], schema, time, calendar },
            attrs,
          )
        if (cumulates)
          return this.#add(
            {
              op: 'cumulate-window',
              id: this.#id('window'),
              inputs: [input.id],
              schema,
              time,
              sizeUs,
              stepUs: slideUs,
              startUs,
            },
            attrs,
          )
        const keepsOrder = !this.#anyOrder.has(plan.id)
        return this.#add(
          {
            op: 'window',
            id: this.#id('window'),
            inputs: [input.id],
            schema,
            time,
            sizeUs,
            slideUs,
            startUs,
            keepsOrder,
          },
          attrs,
        )
      }
      case 'userMap': {
        const input = this.#plan(plan.input)
        const { kind, closure, label } = plan
        return this.#add(
          { op: 'userMap', id: this.#id('userMap'), inputs: [input.id], schema, kind, closure, label },
          attrs,
        )
      }
      case 'groupsWithState': {
        const input = this.#plan(plan.input)
        const streaming = isStreaming(plan)
        const { closure, label, single, timeout, time } = plan
        const state: StateTableSpec = {
          name: 'states',
          keys: [field('key', input.attrs[0]!.type)],
          values: [field('state', stateType(plan.state)), field('timeoutAt', BIGINT)],
          paned: false,
        }
        const id = streaming ? this.#statefulId('groupsWithState', plan) : this.#id('groupsWithState')
        return this.#add(
          {
            op: 'groupsWithState',
            id,
            inputs: [input.id],
            schema,
            closure,
            label,
            single,
            timeout,
            states: plan.state,
            time,
            state,
            streaming,
          },
          attrs,
        )
      }
      case 'transformWithState':
        return this.#transformWithState(plan)
      case 'asyncCall': {
        const input = this.#plan(plan.input)
        const args = plan.args.map((e) => bindExpr(e, input.attrs))
        return this.#add(
          { op: 'asyncCall', id: this.#id('asyncCall'), inputs: [input.id], schema, fn: plan.fn, args },
          attrs,
        )
      }
      case 'expand': {
        const input = this.#plan(plan.input)
        const projections = plan.projections.map((p) => p.map((e) => bindExpr(e, input.attrs)))
        return this.#add({ op: 'expand', id: this.#id('expand'), inputs: [input.id], schema, projections }, attrs)
      }
      case 'observe':
        return this.#observe(plan)
      case 'aggregate':
        return this.#aggregate(plan)
      case 'dedup':
        return this.#dedup(plan)
      case 'join':
        return this.#join(plan)
      case 'union': {
        const inputs = plan.inputs.map((i) => this.#plan(i).id)
        return this.#add({ op: 'union', id: this.#id('union'), inputs, schema }, attrs)
      }
      case 'setop': {
        const { kind, all } = plan
        const inputs = [this.#plan(plan.left).id, this.#plan(plan.right).id]
        const port = isStreaming(plan.left) ? 0 : 1
        const state: StateTableSpec = { name: 'met', keys: schema.fields, values: [field('met', BIGINT)], paned: false }
        const streaming = isStreaming(plan)
        const id = streaming ? this.#statefulId('setop', plan) : this.#id('setop')
        const stream = streaming ? ({ port, state } as const) : null
        return this.#add({ op: 'setop', id, inputs, schema, kind, all, stream }, attrs)
      }
      case 'sort': {
        const input = this.#plan(plan.input)
        const keys = plan.keys.map((k) => ({ ...k, expr: bindExpr(k.expr, input.attrs) }))
        return this.#add({ op: 'sort', id: this.#id('sort'), inputs: [input.id], schema, keys }, attrs)
      }
      case 'limit': {
        let below = plan.input
        while (below.op === 'project') below = below.input
        if (below.op === 'recursive' && plan.count !== null) this.#wanted.set(below.id, plan.count + plan.offset)
        const input = this.#plan(plan.input)
        // A result that is written whole each time is limited anew each time; rows that come once are counted for ever.
        const counts = this.#options.mode !== null && isStreaming(plan) && !isStreamingResult(plan.input)
        const state: StateTableSpec | null = counts
          ? { name: 'count', keys: [], values: [field('seen', BIGINT)], paned: false }
          : null
        const id = counts ? this.#statefulId('limit', plan) : this.#id('limit')
        return this.#add(
          { op: 'limit', id, inputs: [input.id], schema, count: plan.count, offset: plan.offset, state },
          attrs,
        )
      }
      case 'generate': {
        const input = this.#plan(plan.input)
        const args = plan.args.map((a) => bindExpr(a, input.attrs))
        const argTypes = args.map((a) => a.type)
        const keep = input.attrs.flatMap((a, i) => (attrs.some((x) => x.id === a.id) ? [i] : []))
        return this.#add(
          {
            op: 'generate',
            id: this.#id('generate'),
            inputs: [input.id],
            schema,
            fn: plan.fn,
            args,
            argTypes,
            keep,
            outer: plan.outer,
          },
          attrs,
        )
      }
      case 'recursive': {
        const { name, maxLevel } = plan
        const spec = (part: Logical): PipelineSpec => new Planner({ ...this.#options, mode: null }).run(part)
        const [anchor, step] = [spec(plan.anchor), spec(plan.step)]
        const limit = this.#wanted.get(plan.id) ?? null
        return this.#add(
          {
            op: 'recursive',
            id: this.#id('recursive'),
            inputs: [],
            schema,
            recursion: plan.id,
            name,
            anchor,
            step,
            maxLevel,
            limit,
          },
          attrs,
        )
      }
      case 'previous':
        return this.#add(
          { op: 'previous', id: this.#id('previous'), inputs: [], schema, recursion: plan.recursion },
          attrs,
        )
      case 'over': {
        const input = this.#plan(plan.input)
        const bind = (e: Expr): Expr => bindExpr(e, input.attrs)
        const orderBy = plan.orderBy.map((k) => ({ ...k, expr: bind(k.expr) }))
        const calls = overCalls(plan, bind, this.#options.env)
        return this.#add(
          {
            op: 'over',
            id: this.#id('over'),
            inputs: [input.id],
            schema,
            partitionBy: plan.partitionBy.map(bind),
            orderBy,
            calls,
          },
          attrs,
        )
      }
      case 'sample':
        throw new UnsupportedError('UNSUPPORTED', { feature: 'TABLESAMPLE' }, { at: plan.at })
    }
  }

  #transformWithState(plan: LogicalTransformWithState): Planned {
    const { closure, label, timeMode, emits: outputMode, states, time, attrs } = plan
    const input = this.#plan(plan.input)
    const initial = plan.initial === null ? [] : [this.#plan(plan.initial).id]
    const streaming = isStreaming(plan)
    const emitTime = attrs.findIndex((x) => x.eventTime)
    return this.#add(
      {
        op: 'transformWithState',
        id: streaming ? this.#statefulId('transformWithState', plan) : this.#id('transformWithState'),
        inputs: [input.id, ...initial],
        schema: schemaOfAttrs(attrs),
        closure,
        label,
        timeMode,
        outputMode,
        states,
        ...processorTables(states, timeMode, input.attrs[0]!.type),
        // A bounded table is complete: nothing in it is late.
        time: streaming && timeMode === 'EventTime' ? time : null,
        emitTime: emitTime < 0 ? null : emitTime,
        streaming,
      },
      attrs,
    )
  }

  /** Streams are numbered in the order of the plan, so that the commit log finds them again. */
  #stream(origin: number): string {
    let name = this.#watermarks.get(origin)
    if (name === undefined) this.#watermarks.set(origin, (name = `watermark-${this.#watermarks.size}`))
    return name
  }

  #scan(plan: LogicalScan): Planned {
    const { source, attrs } = plan
    const name = source.name ?? `${source.format}-${this.#sources}`
    this.#sources++
    return this.#add(
      {
        op: 'source',
        id: this.#id('source'),
        inputs: [],
        schema: schemaOfAttrs(attrs),
        name,
        format: source.format,
        options: source.options,
        declared: source.schema,
        plan: { columns: plan.columns ?? attrs.map((a) => [a.name]), predicates: plan.predicates },
        streaming: source.streaming,
        ...(source.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: source.idleTimeoutMs }),
        ...(source.refresh === undefined ? {} : { refresh: source.refresh }),
      },
      attrs,
    )
  }

  #fused(input: Planned, filter: Expr | null, items: readonly Expr[] | null, attrs: readonly Attr[]): Planned {
    return this.#add(
      { op: 'fused', id: this.#id('fused'), inputs: [input.id], schema: schemaOfAttrs(attrs), filter, items },
      attrs,
    )
  }

  /**
   * Plans `input` so that every expression is a column: those that are not are computed behind the input's columns.
   * Gives their positions.
   */
  #withColumns(
    plan: Logical,
    exprs: readonly { readonly expr: Expr; readonly attr: Attr }[],
  ): { planned: Planned; at: number[] } {
    if (exprs.every((e) => e.expr.kind === 'attr')) {
      const planned = this.#plan(plan)
      return { planned, at: exprs.map((e) => planned.attrs.findIndex((a) => a.id === (e.expr as { id: number }).id)) }
    }
    const filter = plan.op === 'filter' ? plan : null
    const input = this.#plan(filter ? filter.input : plan)
    const computed = exprs.filter((e) => e.expr.kind !== 'attr')
    const attrs = [...input.attrs, ...computed.map((c) => c.attr)]
    const items = [
      ...input.attrs.map((_, i) => columnAt(input.attrs, i)),
      ...computed.map((c) => bindExpr(c.expr, input.attrs)),
    ]
    const planned = this.#fused(input, filter ? bindExpr(filter.condition, input.attrs) : null, items, attrs)
    const wanted = exprs.map((e) => (e.expr.kind === 'attr' ? e.expr.id : e.attr.id))
    return { planned, at: wanted.map((id) => attrs.findIndex((a) => a.id === id)) }
  }

  #observe(plan: LogicalObserve): Planned {
    const { name, observer } = plan
    const input = this.#plan(plan.input)
    if (this.#nodes.some((n) => n.op === 'observe' && n.name === name))
      throw new AnalysisError('DUPLICATED_METRICS_NAME', { name }, { at: plan.at })
    const { calls, distinct } = aggregateSpecs(
      plan.calls.map((x) => x.call),
      (e) => bindExpr(e, input.attrs),
      this.#options.env,
      { keys: [], paned: false, counted: false },
    )
    const results = plan.calls.map((c) => c.attr)
    return this.#add(
      {
        op: 'observe',
        id: this.#id('observe'),
        inputs: [input.id],
        schema: schemaOfAttrs(input.attrs),
        name,
        observer,
        calls,
        distinct,
        results: schemaOfAttrs(results),
        items: plan.items.map((i) => bindExpr(i.expr, results)),
        metrics: schemaOfAttrs(plan.items.map((i) => i.attr)),
        state: {
          name: 'metrics',
          keys: [],
          values: calls.flatMap((c, i) => c.state.map((type, k) => field(`${c.fn}_${i}_${k}`, type))),
          paned: false,
        },
      },
      input.attrs,
    )
  }

  #aggregate(plan: LogicalAggregate): Planned {
    const { env, mode } = this.#options
    if (plan.aggregates.every(({ call }) => aggregateEntry(call.fn, env).ordered !== true))
      for (let p: Logical = plan.input; ; p = inputsOf(p)[0]!) {
        if (p.op === 'window') this.#anyOrder.add(p.id)
        else if (p.op !== 'project' && p.op !== 'filter' && p.op !== 'expand') break
      }
    const { planned: input, at: keys } = this.#withColumns(plan.input, plan.keys)
    const streaming = isStreaming(plan)
    const specs = (tables: Omit<DistinctTables, 'counted'>): AggregateSpecs =>
      aggregateSpecs(
        plan.aggregates.map((x) => x.call),
        (e) => bindExpr(e, input.attrs),
        env,
        { ...tables, counted: streaming },
      )
    const session = plan.keys.findIndex(
      (k) => k.expr.kind === 'attr' && originOf(plan.input, k.expr.id)?.gap !== undefined,
    )
    if (session >= 0) {
      const byNumber = { keys: [], paned: true, paneField: field('session', BIGINT, false) }
      return this.#sessionAggregate(plan, input.id, keys, session, specs(byNumber))
    }
    const pane = this.#pane(plan)
    const keyFields = plan.keys
      .map((k) => field(k.attr.name, k.attr.type))
      .filter((_, k) => !(pane?.kind === 'window' && pane.index === k))
    const windowKey = pane?.kind === 'window' ? plan.keys[pane.index]!.attr : null
    const paned = {
      paned: pane !== null,
      ...(pane === null || windowKey === null
        ? {}
        : { window: { at: pane.index, field: field(windowKey.name, windowKey.type), ...sizeOf(pane.shape) } }),
    }
    const { calls, distinct } = specs({ keys: keyFields, ...paned })
    const values = calls.flatMap((c, i) => c.state.map((type, k) => field(`${stateName(c.fn)}_${i}_${k}`, type)))
    const id = streaming ? this.#statefulId('aggregate', plan) : this.#id('aggregate')
    return this.#add(
      {
        op: 'aggregate',
        id,
        inputs: [input.id],
        schema: schemaOfAttrs(plan.attrs),
        keys,
        pane,
        calls,
        distinct,
        emit: streaming && mode !== null ? mode : 'batch',
        state: { name: 'groups', keys: keyFields, values, ...paned },
      },
      plan.attrs,
    )
  }

  #sessionAggregate(
    plan: LogicalAggregate,
    input: string,
    keys: readonly number[],
    session: number,
    { calls, distinct }: AggregateSpecs,
  ): Planned {
    const { mode } = this.#options
    const streaming = isStreaming(plan)
    const others = plan.keys.filter((_, k) => k !== session).map((k) => field(k.attr.name, k.attr.type))
    const values = calls.flatMap((c, i) => c.state.map((type, k) => field(`${c.fn}_${i}_${k}`, type)))
    return this.#add(
      {
        op: 'session-aggregate',
        id: streaming ? this.#statefulId('sessions', plan) : this.#id('sessions'),
        inputs: [input],
        schema: schemaOfAttrs(plan.attrs),
        keys,
        session,
        expires: plan.keys[session]!.attr.eventTime === true,
        calls,
        distinct,
        emit: streaming && mode !== null ? mode : 'batch',
        state: {
          name: 'sessions',
          keys: [...others, field('session', BIGINT)],
          values: [field('start', BIGINT), field('end', BIGINT), ...values],
          paned: false,
        },
      },
      plan.attrs,
    )
  }

  /** The key by which groups expire, if any; a window is always a pane, so that its struct is never hashed. */
  #pane(plan: LogicalAggregate): PaneSpec | null {
    let found: PaneSpec | null = null
    plan.keys.forEach(({ expr, attr }, index) => {
      const window = expr.kind === 'attr' ? originOf(plan.input, expr.id) : null
      const expires = attr.eventTime === true
      if (window !== null) {
        if (found === null || expires) found = { kind: 'window', index, shape: shapeOf(window), expires }
      } else if (expires && (attr.type.kind === 'timestamp' || attr.type.kind === 'timestamp_ntz') && found === null)
        found = { kind: 'time', index, shape: { kind: 'fixed', sizeUs: '0' }, expires }
    })
    return found
  }

  #dedup(plan: LogicalDedup): Planned {
    const input = this.#plan(plan.input)
    const position = (id: number) => input.attrs.findIndex((a) => a.id === id)
    const keys = plan.keys.map(position)
    const streaming = isStreaming(plan)
    const time = streaming ? dedupTime(input.attrs, keys) : null
    const watermark = time === null ? null : watermarkOf(plan.input, input.attrs[time.column]!.id)
    const expiry =
      plan.withinWatermark && watermark
        ? 'within-watermark'
        : time !== null && keys.includes(time.column)
          ? 'time-key'
          : 'never'
    const id = streaming ? this.#statefulId('dedup', plan) : this.#id('dedup')
    return this.#add(
      {
        op: 'dedup',
        id,
        inputs: [input.id],
        schema: schemaOfAttrs(plan.attrs),
        keys,
        time,
        expiry,
        delayUs: watermark?.delayUs ?? '0',
        state: {
          name: 'seen',
          keys: keys.map((k) => field(input.attrs[k]!.name, input.attrs[k]!.type)),
          values: expiry === 'within-watermark' ? [field('expiresAt', TIMESTAMP)] : [],
          paned: expiry === 'time-key',
        },
      },
      plan.attrs,
    )
  }

  #join(plan: LogicalJoin): Planned {
    const leftStreams = isStreaming(plan.left)
    const rightStreams = isStreaming(plan.right)
    if (leftStreams && rightStreams) return this.#streamJoin(plan, null)
    const kept = keptSide(plan)
    if (kept !== null) return this.#streamJoin(plan, kept)
    // The side that is complete first is built; the other probes it.
    const swap = rightStreams
    const probe = swap ? plan.right : plan.left
    const build = swap ? plan.left : plan.right
    const type = swap && plan.type === 'right' ? 'left' : plan.type
    const keys = splitJoinCondition(
      plan.condition,
      new Set(probe.attrs.map((a) => a.id)),
      new Set(build.attrs.map((a) => a.id)),
    )
    const right = this.#withColumns(
      build,
      keys.pairs.map((p, i) => keyColumn(p.right, i, 'r')),
    )
    const left = this.#withColumns(
      probe,
      keys.pairs.map((p, i) => keyColumn(p.left, i, 'l')),
    )
    const both = [...left.planned.attrs, ...right.planned.attrs]
    const residual = keys.residual ? bindExpr(keys.residual, both) : null
    const outer =
      type === 'left' || type === 'full'
        ? right.planned.attrs.map((a) => ({ ...a, nullable: true }))
        : right.planned.attrs
    const probed =
      type === 'right' || type === 'full'
        ? left.planned.attrs.map((a) => ({ ...a, nullable: true }))
        : left.planned.attrs
    const joined = type === 'semi' || type === 'anti' ? left.planned.attrs : [...probed, ...outer]
    const node = this.#add(
      {
        op: 'join',
        id: this.#id('join'),
        inputs: [left.planned.id, right.planned.id],
        schema: schemaOfAttrs(joined),
        type,
        leftKeys: left.at,
        rightKeys: right.at,
        nullSafe: keys.pairs.map((p) => p.nullSafe),
        residual,
      },
      joined,
    )
    return this.#reorder(node, plan.attrs)
  }

  /** Puts the columns of a node into the order of `attrs`; no node where they are in it. */
  #reorder(node: Planned, attrs: readonly Attr[]): Planned {
    if (node.attrs.length === attrs.length && node.attrs.every((a, i) => a.id === attrs[i]!.id))
      return { id: node.id, attrs }
    const items = attrs.map((a) =>
      bindExpr({ kind: 'attr', id: a.id, name: a.name, type: a.type, nullable: a.nullable }, node.attrs),
    )
    return this.#fused(node, null, items, attrs)
  }

  /** A join of two streams, or of a stream with a table on port `kept` whose rows the join keeps. */
  #streamJoin(plan: LogicalJoin, kept: 0 | 1 | null): Planned {
    const { type } = plan
    if (type === 'cross')
      throw new UnsupportedError('UNSUPPORTED', { feature: 'a cross join of two streams' }, { at: plan.at })
    const ids = (side: Logical): ReadonlySet<number> => new Set(side.attrs.map((a) => a.id))
    const keys = splitJoinCondition(plan.condition, ids(plan.left), ids(plan.right))
    const left = this.#withColumns(
      plan.left,
      keys.pairs.map((p, i) => keyColumn(p.left, i, 'l')),
    )
    const right = this.#withColumns(
      plan.right,
      keys.pairs.map((p, i) => keyColumn(p.right, i, 'r')),
    )
    const [l, r] = [left.planned.attrs, right.planned.attrs]
    const [lt, rt] = [kept === 0 ? timeless(l) : l, kept === 1 ? timeless(r) : r]
    const bounds = joinBounds(keys, lt, rt, left.at, right.at)
    const bounded = bounds.left !== null || bounds.right !== null
    if ((type === 'anti' && bounds.left === null) || (kept !== null && type !== 'semi' && bounds[PORTS[kept]] === null))
      throw joinWithoutWatermark(plan)
    const conditions = keys.residual === null ? [] : conjuncts(keys.residual)
    const onlyOf = (side: ReadonlySet<number>): Expr[] =>
      conditions.filter((c) => [...attrIds(c)].every((id) => side.has(id)))
    const [leftOnly, rightOnly] = [onlyOf(ids(plan.left)), onlyOf(ids(plan.right))]
    const both = conditions.filter((c) => !leftOnly.includes(c) && !rightOnly.includes(c))
    const id = this.#statefulId('join', plan)
    const side = (
      name: string,
      attrs: readonly Attr[],
      at: readonly number[],
      release: ReleaseRule | null,
      only: Expr | null,
    ): StreamJoinSide => ({
      keys: at,
      nullSafe: keys.pairs.map((p) => p.nullSafe),
      late: bounded && (kept === null || name !== PORTS[kept]) ? lateColumn(attrs) : null,
      release,
      only: only && bindExpr(only, attrs),
      state: {
        name,
        keys: [field('row', BIGINT)],
        values: [...attrs.map((a) => field(a.name, a.type)), field('matched', BOOLEAN), field('expiresAt', BIGINT)],
        paned: false,
        packed: true,
      },
    })
    const nullable = (attrs: readonly Attr[]): readonly Attr[] => attrs.map((a) => ({ ...a, nullable: true }))
    const outLeft = type === 'right' || type === 'full' ? nullable(l) : l
    const outRight = type === 'left' || type === 'full' ? nullable(r) : r
    const joined = type === 'semi' || type === 'anti' ? l : [...outLeft, ...outRight]
    const residual = allOf(both)
    const node = this.#add(
      {
        op: 'stream-join',
        id,
        inputs: [left.planned.id, right.planned.id],
        schema: schemaOfAttrs(joined),
        type,
        bounded: kept,
        residual: residual && bindExpr(residual, [...l, ...r]),
        left: side('left', l, left.at, bounds.left, allOf(leftOnly)),
        right: side('right', r, right.at, bounds.right, allOf(rightOnly)),
      },
      joined,
    )
    return this.#reorder(node, plan.attrs)
  }
}

/** A join key as a column of its own, computed when it is not one already. */
const keyColumn = (expr: Expr, i: number, side: 'l' | 'r'): Named => ({
  expr,
  attr: {
    id: -1 - i - (side === 'r' ? 1000 : 0),
    name: `key${i}`,
    type: expr.type,
    nullable: expr.nullable,
    qualifier: [],
  },
})

/** An `and` of conditions; null for none. */
function allOf(list: readonly Expr[]): Expr | null {
  if (list.length <= 1) return list[0] ?? null
  return { kind: 'and', args: list, type: BOOLEAN, nullable: list.some((e) => e.nullable) }
}

/** Names of the two sides of a stream join, by port. */
const PORTS = ['left', 'right'] as const

/** Columns of a bounded table: a watermark set on it bounds nothing. */
const timeless = (attrs: readonly Attr[]): readonly Attr[] => attrs.map((a) => ({ ...a, eventTime: false }))

/** The event time that rows are deduplicated by: one among the keys, if there is one. */
function dedupTime(attrs: readonly Attr[], keys: readonly number[]): TimeColumn | null {
  const key = keys.find((k) => attrs[k]!.eventTime === true)
  return key === undefined ? lateColumn(attrs) : timeColumn(attrs, key)
}

/** The watermark that a column of event time comes from; where it is computed (a window), the one below. */
function watermarkOf(plan: Logical, column: number): LogicalWatermark | null {
  const marks = (n: Logical): n is LogicalWatermark => n.op === 'watermark'
  return (findNode(plan, (n) => marks(n) && n.column === column) ?? findNode(plan, marks)) as LogicalWatermark | null
}

/** Whether rows come from an aggregation of a stream, however far below. */
const isStreamingResult = (plan: Logical): boolean =>
  findNode(plan, (n) => n.op === 'aggregate' && isStreaming(n)) !== null

function findNode(plan: Logical, wanted: (n: Logical) => boolean): Logical | null {
  if (wanted(plan)) return plan
  for (const input of inputsOf(plan)) {
    const found = findNode(input, wanted)
    if (found) return found
  }
  return null
}

/** As the state of fixed windows has had it from the first format on. */
const sizeOf = (shape: WindowShape): { readonly sizeUs: string; readonly shape?: WindowShape } =>
  shape.kind === 'fixed' ? { sizeUs: shape.sizeUs } : { sizeUs: '0', shape }

/** A closure's id differs from run to run; what it is does not. */
const stateName = (fn: string): string => fn.replace(/^closure:(\w+):\d+$/, '$1')
