import { ExecutionError } from '../../errors/errors.ts'
import { equalValues, hashKey, type HashKey } from '../../types/compare.ts'
import type { DataType } from '../../types/data-type.ts'
import { formatValue } from '../../types/format.ts'
import { MapValue, type Value } from '../../types/value.ts'
import type { EvalEnv } from '../entry.ts'

/** Makes the function that finds the value of a key in maps with keys of `type`; NULL when it is missing. */
export function lookup(type: DataType): (map: MapValue, key: Value) => Value {
  const equal = equalValues(type)
  return (map, wanted) => {
    const { keys } = map
    // From the end, because a map read from outside may hold a key twice and the last one counts.
    for (let i = keys.length - 1; i >= 0; i--) if (equal(keys[i]!, wanted)) return map.values[i]!
    return null
  }
}

/**
 * Makes the function that builds a map with keys of `type` from keys and values in order. A NULL key raises
 * NULL_MAP_KEY; a key that comes twice raises DUPLICATED_MAP_KEY or, under LAST_WIN, keeps its first place
 * and takes the last value. -0.0 becomes 0.0, so that equal keys are the same key.
 */
export function mapMaker(type: DataType, env: EvalEnv): (keys: readonly Value[], values: readonly Value[]) => MapValue {
  const key = hashKey(type)
  const float = type.kind === 'double' || type.kind === 'float'
  const lastWins = env.mapKeyDedupPolicy === 'LAST_WIN'
  return (keys, values) => {
    const places = new Map<HashKey, number>()
    const outKeys: Value[] = []
    const outValues: Value[] = []
    for (let i = 0; i < keys.length; i++) {
      const v = keys[i]!
      if (v === null) throw new ExecutionError('NULL_MAP_KEY', {})
      const k = key(v)
      const place = places.get(k)
      if (place === undefined) {
        places.set(k, outKeys.length)
        outKeys.push(float && v === 0 ? 0 : v)
        outValues.push(values[i]!)
      } else if (lastWins) outValues[place] = values[i]!
      else {
        throw new ExecutionError(
          'DUPLICATED_MAP_KEY',
          { key: formatValue(v, type, env.timeZone) },
          { hint: 'set spark.sql.mapKeyDedupPolicy to LAST_WIN to keep the last value' },
        )
      }
    }
    return new MapValue(outKeys, outValues)
  }
}
