import { schemaErrors } from '../../../language/json-schema/validate.ts'

type Validate = ((value: unknown) => boolean) & { errors: unknown }

/** What adaptors use of `ajv`, which makes code of a schema: here the schema is read. */
export class Ajv {
  errors: unknown = null

  compile(schema: unknown): Validate {
    const validate = Object.assign(
      (value: unknown): boolean => {
        const errors = schemaErrors(schema, value)
        validate.errors = errors.length > 0 ? errors : null
        return errors.length === 0
      },
      { errors: null as unknown },
    )
    return validate
  }

  validate(schema: unknown, value: unknown): boolean {
    const validate = this.compile(schema)
    const right = validate(value)
    this.errors = validate.errors
    return right
  }

  addFormat(): this {
    return this
  }

  addKeyword(): this {
    return this
  }
}
export { Ajv as whole }
