# SPDX-License-Identifier: Apache-2.0
# Tests of the compiler: RUN lines over keymemrt-opt, checked by FileCheck or --verify-diagnostics.
import os

import lit.formats

config.name = "compiler"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
# This project's tools, then FileCheck, not and split-file.
config.environment["PATH"] = os.pathsep.join(
    [config.kmrt_bin_dir, config.kmrt_llvm_tools_dir, config.environment["PATH"]]
)
# Parses what it prints, and prints the same again.
config.substitutions.append(
    ("%roundtrip", "keymemrt-opt %s -o %t.1 && keymemrt-opt %t.1 -o %t.2 && diff %t.1 %t.2 && cat %t.2")
)
