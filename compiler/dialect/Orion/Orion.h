// SPDX-License-Identifier: Apache-2.0
// The orion dialect; documentation is in Orion.td.
#pragma once

#include "compiler/dialect/LWE/LWE.h"

#include <vector>

#include "compiler/dialect/Orion/OrionDialect.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Orion/OrionOps.h.inc"
