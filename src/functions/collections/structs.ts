import { AnalysisError } from '../../errors/errors.ts'
import { structOf, typeName } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'
import { valueCode } from '../value-code.ts'
import { structVector } from './element-vector.ts'

/** Structs made from values. */
export const entries: readonly FunctionEntry[] = [
  scalar('struct', [arg('value', 'ANY', { variadic: true })], undefined, {
    group: 'struct',
    doc: 'A struct of its arguments, named col1, col2 and so on. (A column or an alias among the arguments keeps its name: the analyzer then calls named_struct.)',
    examples: [{ sql: `struct(1, 'a')`, gives: '{1, a}' }],
    nulls: 'handles',
    resolve: (args) => ({
      args,
      type: structOf(args.map((type, i) => ({ name: `col${i + 1}`, type, nullable: true }))),
      nullable: false,
    }),
    eval: (...values: Value[]) => values,
    codegen: (args, site) => `[${args.map((a, i) => valueCode(a, site.args[i]!, site)).join(', ')}]`,
    vector: structVector(1),
  }),
  scalar('named_struct', [arg('name', 'ANY', { variadic: true })], undefined, {
    group: 'struct',
    doc: 'A struct of names and values in turn: `named_struct(name1, value1, name2, value2, ...)`. Names are constant strings.',
    examples: [{ sql: `named_struct('x', 1, 'y', 'b')`, gives: '{1, b}' }],
    nulls: 'handles',
    resolve: (args, _env, constants) => {
      if (args.length % 2 !== 0) {
        throw new AnalysisError('WRONG_NUM_ARGS.WITHOUT_SUGGESTION', {
          function: 'named_struct',
          expected: 'names and values in turn',
          actual: args.length,
        })
      }
      const fields = []
      for (let i = 0; i < args.length; i += 2) {
        const name = constants[i]
        if (args[i]!.kind !== 'string' || typeof name !== 'string') {
          if (args[i]!.kind === 'string' && name === null)
            throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_NULL', { function: 'named_struct', name: 'name' })
          throw new AnalysisError('DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING', {
            function: 'named_struct',
            actual: typeName(args[i]!),
          })
        }
        fields.push({ name, type: args[i + 1]!, nullable: true })
      }
      return { args, type: structOf(fields), nullable: false }
    },
    eval: (...pairs: Value[]) => {
      const out: Value[] = new Array<Value>(pairs.length >> 1)
      for (let i = 0; i < out.length; i++) out[i] = pairs[2 * i + 1]!
      return out
    },
    codegen: (args, site) =>
      `[${args.flatMap((a, i) => (i % 2 === 0 ? [] : [valueCode(a, site.args[i]!, site)])).join(', ')}]`,
    vector: structVector(2),
  }),
]
