import type { Step } from './steps.ts'

/** A step that did not give what it expects; the message shows the whole script with `=>` at the failing step. */
export class StepFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StepFailure'
  }

  /** The same failure, placed. */
  at(steps: readonly Step[], index: number, world: string): StepFailure {
    const lines = steps.map((s, i) => `${i === index ? '=>' : '  '} ${describe(s)}`)
    return new StepFailure(`in the world "${world}":\n${lines.join('\n')}\n\n${this.message}`)
  }
}

function describe(step: Step): string {
  const show = (v: unknown): string =>
    JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? `${x}` : x)) ?? String(v)
  switch (step.kind) {
    case 'add':
    case 'expectNew':
    case 'expectTable':
      return `${step.kind} ${step.rows.map(show).join(' ')}`
    case 'addAll':
      return `addAll ${step.adds.map((a) => a.rows.map(show).join(' ')).join(' | ')}`
    case 'expectProgress':
      return `expectProgress ${show(step.progress)}`
    case 'expectError':
      return `expectError ${step.code}`
    case 'crashNext':
      return `crashNext ${step.point}`
    case 'advanceClock':
      return `advanceClock ${step.ms}`
    default:
      return step.kind
  }
}
