/** What a script cannot do, in one line for its user. `run.mjs` prints it and ends with 1. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}
