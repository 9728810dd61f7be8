/** SQL steps for one part of an object's storage, oldest first. Append only: a step that has run is never edited or moved. */
export type MigrationSteps = readonly string[]

/**
 * Brings an object's tables up to date; called in its constructor. Each part has its own list, so that parts change independently.
 * Throws when a step that was applied has been edited since: the tables would not be what the code expects.
 */
export function applyMigrations(storage: DurableObjectStorage, parts: Readonly<Record<string, MigrationSteps>>): void {
  storage.transactionSync(() => {
    storage.sql.exec(
      'create table if not exists migrations (part text, position integer, step text not null, primary key (part, position)) without rowid',
    )
    for (const [part, steps] of Object.entries(parts)) applyPart(storage.sql, part, steps)
  })
}

function applyPart(sql: SqlStorage, part: string, steps: MigrationSteps): void {
  const applied = sql
    .exec<{ step: string }>('select step from migrations where part = ? order by position', part)
    .toArray()
  for (const [position, { step }] of applied.entries()) {
    if (steps[position] !== undefined && steps[position] !== step)
      throw new Error(`migration ${part}/${position} was edited after it had been applied`)
  }
  for (const [position, step] of steps.entries()) {
    if (position < applied.length) continue
    sql.exec(step)
    sql.exec('insert into migrations (part, position, step) values (?, ?, ?)', part, position, step)
  }
}
