// SPDX-License-Identifier: Apache-2.0
// HEIR's openfhe dialect; documentation is in OpenFHE.td.
#pragma once

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"

#include "compiler/dialect/OpenFHE/OpenFHEDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/OpenFHE/OpenFHETypes.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/OpenFHE/OpenFHEOps.h.inc"
