import { LLkLookaheadStrategy } from 'chevrotain'
import type { ILookaheadStrategy } from 'chevrotain'

/**
 * Works out which tokens begin an alternative when a parse first comes to it. A statement meets a small part of the
 * grammar; working out all of it would take longer than starting the process. One token ahead.
 */
export class LazyLookahead implements ILookaheadStrategy {
  readonly #eager = new LLkLookaheadStrategy({ maxLookahead: 1 })

  validate(options: Parameters<ILookaheadStrategy['validate']>[0]): ReturnType<ILookaheadStrategy['validate']> {
    return this.#eager.validate(options)
  }

  buildLookaheadForAlternation(
    options: Parameters<ILookaheadStrategy['buildLookaheadForAlternation']>[0],
  ): ReturnType<ILookaheadStrategy['buildLookaheadForAlternation']> {
    return onFirstUse(() => this.#eager.buildLookaheadForAlternation(options))
  }

  buildLookaheadForOptional(
    options: Parameters<ILookaheadStrategy['buildLookaheadForOptional']>[0],
  ): ReturnType<ILookaheadStrategy['buildLookaheadForOptional']> {
    return onFirstUse(() => this.#eager.buildLookaheadForOptional(options))
  }
}

/** The function `build` gives, built when it is first called; the parser is its `this`. */
function onFirstUse<A extends unknown[], R>(build: () => (...args: A) => R): (...args: A) => R {
  let built: ((...args: A) => R) | undefined
  return function (this: unknown, ...args: A): R {
    built ??= build()
    return built.apply(this, args)
  }
}
