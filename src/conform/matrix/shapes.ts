import { AGGREGATES } from './aggregate-shapes.ts'
import { CHAINS } from './chain-shapes.ts'
import { JOINS } from './join-shapes.ts'
import { ORDER } from './order-shapes.ts'
import { ROWS } from './rows-shapes.ts'
import { SETS } from './set-shapes.ts'
import type { ShapeGroup } from './shape.ts'
import { STATE_FUNCTIONS } from './state-function-shapes.ts'
import { WINDOWS } from './window-shapes.ts'

/** Every shape of docs/streaming-matrix.md. A new one is an entry in the list of its group. */
export const SHAPES: readonly ShapeGroup[] = [
  { title: 'Row by row', shapes: ROWS },
  { title: 'Windows of event time', shapes: WINDOWS },
  { title: 'Aggregates, DISTINCT and deduplication', shapes: AGGREGATES },
  { title: 'UNION, INTERSECT and EXCEPT', shapes: SETS },
  { title: 'Joins and subqueries', shapes: JOINS },
  { title: 'Operators with state above one another', shapes: CHAINS },
  { title: 'State functions', shapes: STATE_FUNCTIONS },
  { title: 'Order, limits, window functions and recursion', shapes: ORDER },
]
