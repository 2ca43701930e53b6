import type { Node } from 'acorn'

/** What a job may not say, at an offset of its code. */
export class Refusal extends Error {
  readonly offset: number
  constructor({ start }: Pick<Node, 'start'>, message: string) {
    super(message)
    this.offset = start
  }
}

/** What a job may not import. */
export class ImportRefusal extends Refusal {}
