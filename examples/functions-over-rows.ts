// Functions over the rows of a table: word count, map, filter, groups. docs/closures.md shows these pieces.
import { millrace } from '../src/index.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })

export async function wordCount() {
  const lines = session.createDataFrame([{ value: 'to be or' }, { value: 'not to be' }], 'value STRING NOT NULL')
  const counts = lines
    .flatMap((line) => line.split(' '))
    .groupBy('value')
    .count()
  return counts.orderBy('value').collect()
}

export async function rows() {
  const orders = session.createDataFrame(
    [
      { shop: 'a', item: 'pen', price: 3 },
      { shop: 'a', item: 'cup', price: 8 },
      { shop: 'b', item: 'hat', price: 20 },
    ],
    'shop STRING NOT NULL, item STRING NOT NULL, price INT NOT NULL',
  )
  const labels = orders
    .filter((o) => o.price > 5)
    .map((o) => ({ label: `${o.item} of ${o.shop}`, cents: o.price * 100 }), 'label STRING, cents INT')
  const dearest = orders.groupByKey((o) => o.shop).reduceGroups((l, r) => (l.price >= r.price ? l : r))
  return { labels: await labels.collect(), dearest: await dearest.orderBy('key').collect() }
}
