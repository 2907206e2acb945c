// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_CHOOSEKEYSET_TD
#define COMPILER_TRANSFORMS_CHOOSEKEYSET_TD

include "mlir/Pass/PassBase.td"

def ChooseKeySet : Pass<"choose-key-set", "::mlir::func::FuncOp"> {
  let summary = "Choose forms, baby steps and key shapes over a whole program, so that layers share keys";
  let description = [{
    Each linear transform, those of bootstrapping included, can be carried out in several forms and by several baby steps, each
    key switch with keys of its level or of a higher one, a rotation as two whose keys are there anyway. A key that many need is
    stored once, so the choices hang together: planner/key_set.h finds those that are not beaten in key bytes, memory and
    time at once, on the planner's built-in figures of a machine, so that a program does not depend on where it is compiled.

    The choice that is best by `optimize` (time, memory or upload: key bytes) and fits into `memory`, where one does, else
    the one that takes least, is written onto the operations: `kmrt.form`, `kmrt.baby_step`, `kmrt.key_shape`; a rotation may
    become two. Memory is that of slots: keys as residency is planned, ciphertexts alive, what a key switch takes.

    The module attribute `kmrt.key_sets` lists choices that differ by a tenth or more in one of the figures, by ascending
    time: `{keys, key_bytes, least_bytes, seconds, wall_seconds}`, the one that was made with `chosen`. Seconds are those of
    computing transforms, rotations and relinearizations, wall seconds those and of reading each key once meanwhile.

    Runs after all operations with keys but transforms are there (lower-chebyshev), before lower-linear-transform.
  }];
  let options = [
    Option<"optimize", "optimize", "std::string", "\"time\"", "What to be best at: time, memory or upload">,
    Option<"memory", "memory", "uint64_t", "0", "Bytes of slots that a run may take; 0: any">
  ];
}

#endif
