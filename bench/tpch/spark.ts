import { spawnSync } from 'node:child_process'
import type { Answer } from './engines.ts'
import type { TpchQuery } from './queries.ts'
import { ddlOf, fileOf, TABLE_NAMES, type TableFormat } from './tables.ts'

/** What Spark gave for a query, and how long it took each time. */
export interface SparkAnswer extends Answer {
  readonly name: string
  readonly ms: readonly number[]
}

/** Reads the task from standard input, runs it in one local Spark and writes one line of JSON. */
const PROGRAM = `
import json, sys, time
from pyspark.sql import SparkSession
task = json.load(sys.stdin)
spark = (SparkSession.builder.master('local[%d]' % task['threads'])
         .config('spark.ui.enabled', 'false').config('spark.sql.shuffle.partitions', str(task['threads']))
         .config('spark.sql.session.timeZone', 'UTC').config('spark.driver.memory', '1g').getOrCreate())
spark.sparkContext.setLogLevel('OFF')
for t in task['tables']:
    reader = spark.read.schema(t['schema'])
    (reader.option('header', True).csv(t['file']) if task['format'] == 'csv' else reader.json(t['file'])).createOrReplaceTempView(t['name'])
out = []
for q in task['queries']:
    ms = []
    for _ in range(task['rounds']):
        start = time.perf_counter()
        df = spark.sql(q['sql'])
        rows = df.collect()
        ms.append((time.perf_counter() - start) * 1000)
    out.append({'name': q['name'], 'ms': ms, 'rows': [[None if v is None else str(v) for v in r] for r in rows],
                'doubles': [f.dataType.typeName() == 'double' for f in df.schema.fields]})
print(json.dumps(out))
`

/** Runs the queries in the Spark of a Python, in one process; null when that Python has no pyspark. */
export function runSpark(
  python: string,
  queries: readonly TpchQuery[],
  data: { readonly directory: string; readonly format: TableFormat },
  run: { readonly threads: number; readonly rounds: number },
): readonly SparkAnswer[] | null {
  if (spawnSync(python, ['-c', 'import pyspark'], { stdio: 'ignore' }).status !== 0) return null
  const tables = TABLE_NAMES.map((name) => ({
    name,
    schema: ddlOf(name),
    file: fileOf(data.directory, name, data.format),
  }))
  const input = JSON.stringify({ ...run, format: data.format, tables, queries })
  const done = spawnSync(python, ['-c', PROGRAM], { input, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.status !== 0) throw new TypeError(`Spark ended with ${done.status ?? done.signal}: ${done.stderr}`)
  return JSON.parse(done.stdout.trim().split('\n').at(-1)!) as readonly SparkAnswer[]
}
