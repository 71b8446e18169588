import { CHANGE_TYPE } from '../connectors/provider.ts'
import type { Attr, Logical } from '../plan/logical.ts'
import { STRING } from '../types/data-type.ts'
import { schemaOfAttrs } from './bind.ts'
import { groupKey } from './group-key.ts'
import { planAggregate } from './plan-aggregate.ts'
import { planDedup } from './plan-dedup.ts'
import { planAsyncCall, planGenerate, planUserMap } from './plan-functions.ts'
import { planJoin } from './plan-join.ts'
import { planLocal, planRange, planScan } from './plan-leaf.ts'
import { planObserve } from './plan-observe.ts'
import { planLimit, planSort } from './plan-order.ts'
import { planOver } from './plan-over.ts'
import { planExpand, planFilter, planProject } from './plan-project.ts'
import { planSample } from './plan-sample.ts'
import { planPrevious, planRecursive } from './plan-recursive.ts'
import { planSetOperation, planUnion } from './plan-set-operation.ts'
import { planGroupsWithState, planTransformWithState } from './plan-state-functions.ts'
import { planWatermark, planWindow } from './plan-windows.ts'
import type { Planned, PlannerContext, PlanOptions } from './planner-context.ts'
import type { NodeSpec, PipelineSpec } from './spec.ts'

/** No column of a plan has it, nor one below. */
const CHANGE_TYPE_ID = -1

/** An optimized logical plan as a PipelineSpec. Only here do plan and operators meet. */
export function planQuery(plan: Logical, options: PlanOptions): PipelineSpec {
  return new Planner(options).run(plan)
}

class Planner implements PlannerContext {
  readonly options: PlanOptions
  readonly nodes: NodeSpec[] = []
  readonly anyOrder = new Set<number>()
  readonly wanted = new Map<number, number>()
  readonly #fingerprints: Record<string, { fingerprint: string; describe: string }> = {}
  readonly #watermarks = new Map<number, string>()
  #sources = 0
  #columnId = CHANGE_TYPE_ID
  #stateful = 0

  constructor(options: PlanOptions) {
    this.options = options
  }

  run(plan: Logical): PipelineSpec {
    const { mode, envSpec } = this.options
    const planned = this.plan(plan)
    const out = mode === 'changelog' ? this.#changeTypes(planned, groupKey(plan)) : planned
    return {
      version: 1,
      kind: mode === null ? 'batch' : 'stream',
      mode,
      schema: schemaOfAttrs(out.attrs),
      nodes: this.nodes,
      env: envSpec,
      fingerprints: this.#fingerprints,
    }
  }

  plan(plan: Logical): Planned {
    switch (plan.op) {
      case 'scan':
        return planScan(plan, this)
      case 'local':
        return planLocal(plan, this)
      case 'range':
        return planRange(plan, this)
      case 'project':
        return planProject(plan, this)
      case 'filter':
        return planFilter(plan, this)
      case 'expand':
        return planExpand(plan, this)
      case 'watermark':
        return planWatermark(plan, this)
      case 'window':
        return planWindow(plan, this)
      case 'userMap':
        return planUserMap(plan, this)
      case 'asyncCall':
        return planAsyncCall(plan, this)
      case 'generate':
        return planGenerate(plan, this)
      case 'groupsWithState':
        return planGroupsWithState(plan, this)
      case 'transformWithState':
        return planTransformWithState(plan, this)
      case 'observe':
        return planObserve(plan, this)
      case 'aggregate':
        return planAggregate(plan, this)
      case 'dedup':
        return planDedup(plan, this)
      case 'join':
        return planJoin(plan, this)
      case 'union':
        return planUnion(plan, this)
      case 'setop':
        return planSetOperation(plan, this)
      case 'sort':
        return planSort(plan, this)
      case 'limit':
        return planLimit(plan, this)
      case 'recursive':
        return planRecursive(plan, this)
      case 'previous':
        return planPrevious(plan, this)
      case 'over':
        return planOver(plan, this)
      case 'sample':
        return planSample(plan, this)
    }
  }

  planApart(plan: Logical): PipelineSpec {
    return new Planner({ ...this.options, mode: null }).run(plan)
  }

  add(node: NodeSpec, attrs: readonly Attr[]): Planned {
    this.nodes.push(node)
    return { id: node.id, attrs }
  }

  id(op: string): string {
    return `${op}-${this.nodes.length}`
  }

  /** Ids of stateful operators count by themselves, so that stateless parts may change between restarts. */
  statefulId(op: string, plan: Logical): string {
    const next = `${op}-s${this.#stateful++}`
    const id = this.options.stateIds?.get(plan.id) ?? next
    const print = this.options.fingerprints.get(plan.id)
    if (print) this.#fingerprints[id] = print
    return id
  }

  columnId(): number {
    return --this.#columnId
  }

  sourceName(format: string): string {
    return `${format}-${this.#sources++}`
  }

  /** Streams are numbered in the order of the plan, so that the commit log finds them again. */
  watermarkName(origin: number): string {
    let name = this.#watermarks.get(origin)
    if (name === undefined) this.#watermarks.set(origin, (name = `watermark-${this.#watermarks.size}`))
    return name
  }

  #changeTypes(input: Planned, key: readonly number[] | null): Planned {
    const type: Attr = { id: CHANGE_TYPE_ID, name: CHANGE_TYPE, type: STRING, nullable: false, qualifier: [] }
    const attrs = [...input.attrs, type]
    const schema = schemaOfAttrs(attrs)
    return this.add({ op: 'change-types', id: this.id('change-types'), inputs: [input.id], schema, key }, attrs)
  }
}
