// Functions of your own in SQL: scalar, asynchronous, aggregate, table. docs/closures.md shows these pieces.
import { millrace } from '../src/index.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })

export async function scalar() {
  const initials = session.udf.register('initials', (name: string) => name.replace(/\B\w+\s*/g, ''), 'STRING')
  const inSql = session.sql(`SELECT initials('Ada Lovelace') AS i`)
  const inFrames = session.sql(`SELECT 'Alan Turing' AS name`).select(initials('name').as('i'))
  return [...(await inSql.collect()), ...(await inFrames.collect())]
}

export async function enrich() {
  session.udf.register('country', async (ip: string) => lookUp(ip), {
    args: 'ip STRING',
    returns: 'STRING',
    async: { concurrency: 8, retry: 2, timeoutMs: 1000, cache: { ttlMs: 60_000 } },
  })
  return session.sql(`SELECT ip, country(ip) AS country FROM VALUES ('10.0.0.1'), ('192.168.0.1') t(ip)`).collect()
}
const lookUp = (ip: string): Promise<string> => Promise.resolve(ip.startsWith('10.') ? 'here' : 'home')

export async function aggregate() {
  session.udf.register(
    'geo_mean',
    {
      zero: { product: 1, n: 0 },
      reduce: (b: { product: number; n: number }, x: number | null) =>
        x === null ? b : { product: b.product * x, n: b.n + 1 },
      merge: (a: { product: number; n: number }, b: { product: number; n: number }) => ({
        product: a.product * b.product,
        n: a.n + b.n,
      }),
      finish: (b: { product: number; n: number }) => (b.n === 0 ? null : b.product ** (1 / b.n)),
      buffer: 'product DOUBLE, n INT',
    },
    { args: 'x DOUBLE', returns: 'DOUBLE', version: 1 },
  )
  return session.sql('SELECT geo_mean(x) AS g FROM VALUES (2), (8) t(x)').collect()
}

export async function table() {
  session.udf.registerTable(
    'tokens',
    function* (text: string) {
      for (const match of text.matchAll(/\w+/g)) yield { token: match[0], at: match.index }
    },
    { args: 'text STRING', returns: 'token STRING, at INT' },
  )
  return session.sql(`SELECT token, at FROM tokens('one two')`).collect()
}
