// SPDX-License-Identifier: Apache-2.0
//
// Ciphertext files (.ct): one or several ciphertexts of one key set. Independent of the program:
// docs/formats/ciphertext.md.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/slot_pool.h"
#include "base/status.h"
#include "lattice/ring/poly.h"
#include "runtime/format/bytes.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

struct CiphertextFile {
  KeySetId key_set;  // of the public key they were encrypted with
  std::vector<lattice::Ciphertext> ciphertexts;
};

Status WriteCiphertexts(const std::string& path, const scheme::Parameters& parameters, const KeySetId& key_set,
                        std::span<const lattice::Ciphertext> ciphertexts);

// Checks everything: frame, fingerprint of the parameters, shapes, checksums, residues. kInvalidArgument: no such file;
// kCorrupt: damaged, or of other parameters. Messages name the file. The ciphertexts live in slots of `pool`.
Result<CiphertextFile> ReadCiphertexts(const std::string& path, const scheme::Parameters& parameters, SlotPool& pool);

// kCorrupt unless `actual`, the key set of the file `path`, is the one that `other` (a file or directory) holds.
Status CheckKeySet(const std::string& path, const KeySetId& actual, const std::string& other, const KeySetId& expected);

}  // namespace keymemrt::runtime
