/** What keeps the house from starting and a person can mend. The message is one sentence with the remedy; it is shown without a stack. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem'
}
