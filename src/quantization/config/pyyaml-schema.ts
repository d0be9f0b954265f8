import {
  boolYaml11Tag,
  floatYaml11Tag,
  intYaml11Tag,
  NOT_RESOLVED,
  realMapTag,
  type Schema,
  YAML11_SCHEMA,
} from 'js-yaml'

/** Single letters that YAML 1.1 takes for truth values and PyYAML for themselves. */
const LETTERS = ['y', 'Y', 'n', 'N']

/** PyYAML's floats: an exponent has a sign, and what begins with a point has none. */
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/

/** What Python's float() takes besides. */
const PYTHON_FLOAT = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/

/** YAML 1.1 with PyYAML's values where they are others, and maps that keep every key as it is and in order. */
export const PYYAML_SCHEMA: Schema = YAML11_SCHEMA.withTags(
  realMapTag,
  {
    ...boolYaml11Tag,
    resolve: (source, isExplicit, tag) =>
      LETTERS.includes(source) ? NOT_RESOLVED : boolYaml11Tag.resolve(source, isExplicit, tag),
  },
  {
    ...intYaml11Tag,
    resolve(source, isExplicit, tag) {
      const value = intYaml11Tag.resolve(source, isExplicit, tag)
      // Python's integers have no -0.
      return value === 0 ? 0 : value
    },
  },
  {
    ...floatYaml11Tag,
    resolve(source, isExplicit, tag) {
      if (FLOAT.test(source)) return floatYaml11Tag.resolve(source, isExplicit, tag)
      return isExplicit && PYTHON_FLOAT.test(source) ? Number(source) : NOT_RESOLVED
    },
  },
)
