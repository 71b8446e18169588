import { asked } from '../../connectors/postgres/asked.ts'
import type { PostgresServer } from '../../postgres-server/server.ts'
import { rowText } from '../events.ts'

/**
 * The table of PostgreSQL that windowed counts are upserted into. A batch that is written twice leaves the same rows, so a trigger of
 * the database watches the writes: a batch writes a group when it has events of it, so each write of a row counts more events than the
 * one before, and the column `repeats` counts those that do not. What is rolled back is not counted.
 */
export class CountsTable {
  readonly name = 'counts'
  readonly #server: PostgresServer

  static async create(server: PostgresServer): Promise<CountsTable> {
    await asked(
      server,
      `CREATE TABLE counts (start timestamptz, page text, n bigint, amount bigint, repeats int NOT NULL DEFAULT 0, PRIMARY KEY (start, page));
       CREATE FUNCTION count_repeats() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN IF NEW.n <= OLD.n THEN NEW.repeats := OLD.repeats + 1; END IF; RETURN NEW; END $$;
       CREATE TRIGGER count_repeats BEFORE UPDATE ON counts FOR EACH ROW EXECUTE FUNCTION count_repeats()`,
    )
    return new CountsTable(server)
  }

  private constructor(server: PostgresServer) {
    this.#server = server
  }

  async rows(): Promise<string[]> {
    const rows = await asked(this.#server, 'SELECT extract(epoch FROM start) * 1000, page, n, amount FROM counts')
    return rows.map(([startMs, page, n, amount]) => rowText(Number(startMs), String(page), Number(n), Number(amount)))
  }

  /** Rows that a write gave a second time. */
  async repeatedRows(): Promise<number> {
    const [row] = await asked(this.#server, 'SELECT count(*) FROM counts WHERE repeats > 0')
    return Number(row![0])
  }

  /** The batch of the last transaction that was committed, -1 for none. Waits for one that a dead process left under way. */
  async token(): Promise<number> {
    const [made] = await asked(this.#server, "SELECT to_regclass('millrace_tokens') IS NOT NULL")
    if (made![0] !== 't') return -1
    const [row] = await asked(
      this.#server,
      `SELECT batch_id FROM millrace_tokens WHERE sink_table = '${this.name}' FOR UPDATE`,
    )
    return Number(row?.[0] ?? -1)
  }
}
