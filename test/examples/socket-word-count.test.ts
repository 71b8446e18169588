import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'

let child: ChildProcess | undefined
afterEach(() => child?.kill('SIGKILL'))

/** The rows of each block by batch id, in any order. */
function blocks(output: string): Map<number, string[]> {
  const found = new Map<number, string[]>()
  for (const [, id, body] of output.matchAll(/-{43}\nBatch: (\d+)\n-{43}\n([\s\S]*?)\n\n/g))
    found.set(
      Number(id),
      body!
        .split('\n')
        .filter((l) => l.startsWith('|') && !/^\|\s*value\|/.test(l))
        .map((l) => l.replaceAll(' ', ''))
        .sort(),
    )
  return found
}

test('word count over a socket prints the blocks Spark prints', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  child = spawn(process.execPath, ['dist/examples/socket-word-count.js', '127.0.0.1', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [socket] = (await once(server, 'connection')) as [Socket]
  const until = async (batch: number): Promise<void> => {
    for (let i = 0; !blocks(output).has(batch); i++) {
      if (i > 200) throw new Error(`no batch ${batch} in\n${output}`)
      await sleep(50)
    }
  }
  await until(0)
  socket.write('apache spark\n')
  await until(1)
  socket.write('apache hadoop\n')
  await until(2)
  expect(Object.fromEntries(blocks(output))).toEqual({
    0: [],
    1: ['|apache|1|', '|spark|1|'],
    2: ['|apache|2|', '|hadoop|1|', '|spark|1|'],
  })
  // The frame of the empty table, to the byte as a real Spark 4.3.0 printed it.
  const line = '-'.repeat(43)
  expect(
    output.startsWith(`${line}\nBatch: 0\n${line}\n+-----+-----+\n|value|count|\n+-----+-----+\n+-----+-----+\n\n`),
  ).toBe(true)
  socket.destroy()
  server.close()
})
