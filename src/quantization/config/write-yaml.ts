import { DUMP_SCHEMA, dump, realMapTag } from 'js-yaml'

const SCHEMA = DUMP_SCHEMA.withTags(realMapTag)

/** A config's content as YAML that 1.1 and 1.2 readers understand alike. Map objects keep the order of their keys. */
export function writeYaml(content: unknown): string {
  return dump(content, { schema: SCHEMA, noRefs: true, lineWidth: 120 })
}
