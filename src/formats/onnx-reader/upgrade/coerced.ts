/** Marks a Softmax of an old model, which takes everything from its axis on as one dimension. */
export const COERCED = 'lowbit_coerced'
