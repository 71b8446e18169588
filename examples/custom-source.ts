// A source of one's own: the lines of a file that grows, from where the last batch ended. After npm run build:
//   node dist/examples/custom-source.js /var/log/app.log /data/checkpoint
// An offset is a number of bytes, so the same two offsets always give the same lines: they are read again after a crash.
import { open } from 'node:fs/promises'
import { batchesOf, defineSource, millrace, parseSchema } from '../src/index.ts'

const lines = parseSchema('line STRING')

export const tail = defineSource({
  format: 'tail',
  doc: 'The whole lines of a file that only grows.',
  options: { path: { type: 'string', required: true, doc: 'The file.' } },
  replay: 'native',
  supports: ['stream', 'batch'],
  schema: () => lines,
  describe: ({ path }) => `Tail[${path}]`,
  open: async ({ path }, ctx) => {
    const file = await open(String(path))
    const bytes = async (from: number, to: number): Promise<Buffer> =>
      (await file.read(Buffer.alloc(to - from), 0, to - from, from)).buffer
    let frozen: number | null = null
    /** Where the last whole line ends. */
    const end = async (from: number): Promise<number> =>
      from + (await bytes(from, (await file.stat()).size)).lastIndexOf('\n') + 1
    return {
      initialOffset: async () => 0,
      latestOffset: async (from) => frozen ?? end(Number(from ?? 0)),
      async *read(from, to) {
        const text = (await bytes(Number(from ?? 0), Number(to))).toString('utf8')
        yield* batchesOf(lines, text.split('\n').slice(0, -1), ctx)
      },
      // Trigger AvailableNow ends with what is there at its start.
      prepareAvailableNow: async () => void (frozen = await end(0)),
      close: () => file.close(),
    }
  },
})

if (process.argv[1] === import.meta.filename) {
  const [path = 'app.log', checkpoint = 'checkpoint'] = process.argv.slice(2)
  const session = millrace()
  session.registerSource(tail)
  const levels = session.readStream
    .format('tail')
    .load(path)
    .selectExpr(`split(line, ' ')[0] AS level`)
    .groupBy('level')
    .count()
  const query = await levels.writeStream
    .outputMode('update')
    .option('checkpointLocation', checkpoint)
    .format('console')
    .start()
  process.once('SIGINT', () => void query.stop({ graceful: true }))
  await query.awaitTermination()
}
