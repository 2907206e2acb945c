// SPDX-License-Identifier: Apache-2.0
//
// Neighbouring linear layers as one: a convolution of a convolution is a convolution. Batch normalisation, mean
// pooling, padding and scaling vanish into the layers beside them, and with them their levels.
#pragma once

#include <optional>

#include "frontend/network/graph.h"

namespace keymemrt::frontend {

// second(first(x)) for all x of shape `input`, where it is a convolution: always when `second` does not pad; else only
// when `first` has no bias and what `second` pads with zeros is what `first` makes of the zeros around x.
// REQUIRES: `second` takes what `first` makes of `input`.
std::optional<Convolution> Compose(const Convolution& first, const Convolution& second, const TensorShape& input);

// The same network with as few convolutions: each that is used by one other convolution alone is composed with it. A
// fused node keeps the name of the one with the larger kernel or, of equal ones, with more weights.
// REQUIRES: CheckGraph(graph).ok().
Graph FuseLinear(Graph graph);

// The same network with x * sigmoid(x) as one activation, where that sigmoid is used for nothing else.
// REQUIRES: CheckGraph(graph).ok().
Graph FuseSilu(Graph graph);

}  // namespace keymemrt::frontend
