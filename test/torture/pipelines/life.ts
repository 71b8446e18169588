import { type ChildProcess, spawn } from 'node:child_process'
import type { LifePlan } from './plan.ts'

/** A life that does not die in this time is stuck. */
export const LIFE_MS = 90_000

/** One process with the queries, from its start to its end. */
export interface Life {
  readonly process: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  isOver(): boolean
  /** What it wrote to stderr. */
  errors(): string
}

/** Starts a process with the queries. */
export function startLife(program: string, plan: LifePlan): Life {
  const child = spawn(process.execPath, [program, JSON.stringify(plan)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  let over = false
  const ended: Life['ended'] = new Promise((resolve) =>
    child.on('close', (code, signal) => {
      over = true
      resolve({ code, signal })
    }),
  )
  return { process: child, ended, isOver: () => over, errors: () => errors }
}
