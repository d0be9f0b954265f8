import type { EntryChecker, PartChecker } from './case.ts'
import { checkApiError } from './families/config-api-errors.ts'
import { checkAxisDefault } from './families/config-axis-defaults.ts'
import { checkEnum } from './families/config-enums.ts'
import { checkLoading } from './families/config-loading.ts'
import { checkBuild, checkGraphPlacement, checkModuleConfig } from './families/config-precedence.ts'
import { checkEagerPlacement } from './families/config-precedence-eager.ts'
import { checkSettersPresets } from './families/config-setters-presets.ts'
import { checkSpec } from './families/config-specs.ts'
import { checkEagerCalibrate } from './families/eager-calibrate.ts'
import { checkEagerCoreAI, checkEagerCoreML, checkEagerTorch } from './families/eager-finalize.ts'
import { checkEagerFloat } from './families/eager-float.ts'
import { checkEagerPrepare } from './families/eager-prepare.ts'
import { checkEagerQat } from './families/eager-qat.ts'
import { checkCalibrate } from './families/graph-calibrate.ts'
import { checkFinalizedCoreAI, checkFinalizedCoreML } from './families/graph-finalize.ts'
import { checkGraphFloat } from './families/graph-float.ts'
import { checkPrepare } from './families/graph-prepare.ts'
import { checkQat } from './families/graph-qat.ts'
import { checkTorchForm } from './families/graph-torch.ts'
import { checkTrace } from './families/graph-trace.ts'
import { checkCast } from './families/numerics-casts.ts'
import { checkFakeQuant } from './families/numerics-fake-quant.ts'
import { checkGranularityShape } from './families/numerics-granularity-shapes.ts'
import { checkObserverSequence } from './families/numerics-observer-sequences.ts'
import { checkQatSchedule } from './families/numerics-qat-schedule.ts'

/** Who checks the cases; keys are family lines. A line that is missing here has to be in pending.json. */
export interface Checkers {
  /** For families whose cases are entries of JSON files. */
  readonly entries: ReadonlyMap<string, EntryChecker>
  /** For families whose cases are parts of configuration folders. */
  readonly parts: ReadonlyMap<string, PartChecker>
}

/** The checkers that exist. */
export const checkers: Checkers = {
  entries: new Map<string, EntryChecker>([
    ['config/enums', checkEnum],
    ['config/loading', checkLoading],
    ['config/precedence:build', checkBuild],
    ['config/precedence:get_module_config', checkModuleConfig],
    ['config/setters_presets', checkSettersPresets],
    ['config/precedence:graph', checkGraphPlacement],
    ['config/precedence:eager', checkEagerPlacement],
    ['config/api_errors', checkApiError],
    ['config/axis_defaults', checkAxisDefault],
    ['config/specs', checkSpec],
    ['numerics/casts', checkCast],
    ['numerics/fake_quant', checkFakeQuant],
    ['numerics/granularity_shapes', checkGranularityShape],
    ['numerics/observer_sequences', checkObserverSequence],
    ['numerics/qat_schedule', checkQatSchedule],
  ]),
  parts: new Map<string, PartChecker>([
    ['graph/float', checkGraphFloat],
    ['eager/float', checkEagerFloat],
    ['eager/prepare', checkEagerPrepare],
    ['eager/calibrate', checkEagerCalibrate],
    ['eager/qat', checkEagerQat],
    ['eager/finalize:_TORCH', checkEagerTorch],
    ['eager/finalize:CoreAI', checkEagerCoreAI],
    ['eager/finalize:CoreML', checkEagerCoreML],
    ['graph/prepare', checkPrepare],
    ['graph/calibrate', checkCalibrate],
    ['graph/trace', checkTrace],
    ['graph/qat', checkQat],
    ['graph/finalize:_TORCH', checkTorchForm],
    ['graph/finalize:CoreAI', checkFinalizedCoreAI],
    ['graph/finalize:CoreML', checkFinalizedCoreML],
  ]),
}
