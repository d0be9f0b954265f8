/** An operation of a model by the names that eager mode has for it. */
export interface EagerOp {
  /** Name as `op_name_config` knows it: path of the module, base name of the function, number of the call from the second on. */
  readonly name: string
  /** Type as `op_type_config` knows it, or the base name of a function that has none. */
  readonly type: string
  /** Path of the module whose forward makes the call. */
  readonly module: string
  /** Whether settings of operations reach it. */
  readonly isQuantizable: boolean
}
