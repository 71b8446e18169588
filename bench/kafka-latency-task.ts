/** The counters that are compared. */
export const WORKERS = ['power', 'process', 'kafkajs', 'kafkajs-each'] as const
export type Worker = (typeof WORKERS)[number]

/** Partitions of each topic. */
export const PARTITIONS = 4

/** What is made before this is over does not count. */
export const WARM_UP_MS = 5000

/** The variable that holds a child's task. */
export const TASK = 'MILLRACE_BENCH_TASK'

/** What a process is told to do; all of them talk to the same broker. */
export interface Task {
  readonly role: 'feed' | 'work' | 'read'
  readonly servers: string
  readonly input: string
  readonly output: string
  readonly worker: Worker
  readonly rate: number
  readonly seconds: number
}
