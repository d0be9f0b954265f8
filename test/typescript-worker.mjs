// Lets the engine's worker thread run from the TypeScript sources: given to it as `--import` by test/setup.ts.
import { register } from 'tsx/esm/api'

register()
