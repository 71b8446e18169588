import { OptionError } from '../../errors/errors.ts'
import type { Options } from '../provider.ts'
import type { KafkaClient, TopicInfo, TopicPartition } from './client.ts'
import { parseAssignment } from './topic-offsets.ts'

/** Which partitions a source reads: assign, subscribe or subscribePattern, exactly one of them. */
export type Selection =
  | { readonly kind: 'assign'; readonly partitions: readonly TopicPartition[] }
  | { readonly kind: 'subscribe'; readonly topics: readonly string[] }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }

const WAYS = ['assign', 'subscribe', 'subscribePattern'] as const

/** Throws OptionError for none, for more than one, and for what cannot be read. */
export function selectionOf(options: Options): Selection {
  const given = WAYS.filter((way) => options[way] !== undefined)
  if (given.length !== 1)
    throw new OptionError(
      'OPTION_MISSING',
      { format: 'kafka', option: given.length === 0 ? 'subscribe' : `one of ${given.join(' and ')}` },
      { hint: 'give exactly one of assign, subscribe and subscribePattern' },
    )
  const way = given[0]!
  const text = String(options[way]).trim()
  const bad = (expected: string): OptionError =>
    new OptionError('OPTION_INVALID', { format: 'kafka', option: way, value: text, expected })
  if (way === 'assign') return { kind: 'assign', partitions: parseAssignment(text) }
  if (way === 'subscribe') {
    const topics = [...new Set(text.split(',').map((t) => t.trim()))].filter((t) => t !== '').sort()
    const wrong = topics.find((t) => !/^[\w.-]{1,249}$/.test(t))
    if (topics.length === 0 || wrong !== undefined) throw bad('the names of topics, with commas,')
    return { kind: 'subscribe', topics }
  }
  try {
    return { kind: 'pattern', pattern: new RegExp(`^(?:${text})$`) }
  } catch {
    throw bad('a regular expression')
  }
}

/** The topics of a selection that exist, and only the partitions it names. */
export async function selectedTopics(client: KafkaClient, selection: Selection): Promise<readonly TopicInfo[]> {
  if (selection.kind === 'subscribe') return client.topics(selection.topics)
  if (selection.kind === 'pattern') {
    const all = await client.topics(null)
    return all.filter((t) => selection.pattern.test(t.name))
  }
  const wanted = selection.partitions
  const there = await client.topics([...new Set(wanted.map((p) => p.topic))])
  return there.map((t) => ({
    ...t,
    partitions: t.partitions.filter((n) => wanted.some((p) => p.topic === t.name && p.partition === n)),
  }))
}

/** True when the selection means this partition, whether it exists or not. */
export function selects(selection: Selection, { topic, partition }: TopicPartition): boolean {
  if (selection.kind === 'subscribe') return selection.topics.includes(topic)
  if (selection.kind === 'pattern') return selection.pattern.test(topic)
  return selection.partitions.some((p) => p.topic === topic && p.partition === partition)
}

/** As Spark names it in progress. */
export function describeSelection(options: Options): string {
  const way = WAYS.find((w) => options[w] !== undefined) ?? 'subscribe'
  return `${{ assign: 'Assign', subscribe: 'Subscribe', subscribePattern: 'SubscribePattern' }[way]}[${String(options[way] ?? '')}]`
}
