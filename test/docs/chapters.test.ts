import { describe, expect, test } from 'vitest'
import { examplesOf, printedBy } from './run-page.ts'

/** What the examples of the chapters print, by page and heading. */
const PRINTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'output-modes.md': {
    Append: [[0], [[{ n: 2 }]]],
    Update: [
      [
        [
          { page: 'home', count: 1 },
          { page: 'cart', count: 1 },
          { page: 'home', count: 2 },
        ],
      ],
    ],
    Complete: [
      [
        [
          { page: 'cart', count: 3 },
          { page: 'home', count: 2 },
        ],
      ],
    ],
    Changelog: [
      [
        [
          ['insert', 'home', 1],
          ['insert', 'cart', 1],
          ['update_preimage', 'home', 1],
          ['update_postimage', 'home', 2],
        ],
      ],
    ],
    'Which operator allows which': [
      [
        [
          expect.stringMatching(/^append: no, \[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION\] an aggregation without/),
          expect.stringMatching(/^update: no, \[STREAMING_SORT\]/),
          'complete: yes',
          expect.stringMatching(/^changelog: no, \[STREAMING_SORT\]/),
        ],
      ],
    ],
    'ORDER BY, LIMIT and OFFSET': [[[{ user: 'ann' }, { user: 'bob' }, { user: 'eve' }]]],
  },
  'bad-records.md': {
    'Records that cannot be decoded': [
      [
        [
          { user: 'ann', n: 1 },
          { user: 'eve', n: 3 },
        ],
      ],
      ['json-0', true, '2', '{"user":"bob","n":'],
    ],
    'Rows for which an expression throws': [
      [[{ s: '4', half: 2 }]],
      [['CAST_INVALID_INPUT', 'FAILED_EXECUTE_UDF']],
      [2, 1],
    ],
    'How many': [['BAD_RECORDS_LIMIT']],
  },
  'state.md': {
    'How long': [
      [
        'Aggregate : one row per (window, user), released when the watermark on time (10 seconds behind) reaches the end of window',
      ],
      ['Aggregate : one row per (user), UNBOUNDED: never released'],
    ],
    'How much': [
      ['stateStoreSave', 2, 2, true],
      ['stateStoreSave', 2, 1, true],
    ],
    'As a table': [
      [
        [
          { operatorId: 0, operatorName: 'join', stateStoreName: 'left' },
          { operatorId: 0, operatorName: 'join', stateStoreName: 'right' },
        ],
      ],
      [[{ user: 'ann', matched: false }]],
    ],
    'After a restart': [['CHECKPOINT_QUERY_CHANGED']],
  },
  'operations.md': {
    'What is in it': [[{ first: 0, last: 0 }, true, 2]],
    'Whether it is whole': [[[]]],
    Backups: [[0, null]],
    'Going back': [[2, 1, true], [{ first: 0, last: 1 }]],
  },
}

describe.each(Object.entries(PRINTED))('docs/%s', (page, printed) => {
  test('has an example under each of these headings', () =>
    expect(examplesOf(page).map(([heading]) => heading)).toEqual(Object.keys(printed)))
  test.each(examplesOf(page))('%s', async (heading, code) =>
    expect(JSON.parse(await printedBy(code))).toEqual(printed[heading]),
  )
})
