// SPDX-License-Identifier: Apache-2.0
//
// Bit-field encoding: an integer of a few bits at a fixed place of a wide one, noise below it, room for carries above:
//
//     0...0 | b...b | n...n        bit 0 is the least significant, `start` the highest bit of the field
//     padding width   low()
//
// (the encoding of LWE schemes such as Chillotti, Gama, Georgieva, Izabachene, "TFHE", 2020; HEIR's
// #lwe.bit_field_encoding<cleartext_start, cleartext_bitwidth>). Page: docs/encodings/bit-field.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lattice/encoding/integer_plaintext.h"

namespace keymemrt::lattice {

// The bits [start - width + 1, start].
struct BitField {
  int start = 0;
  int width = 0;

  int low() const { return start - width + 1; }
  // width in [1, 64], start >= width - 1, so that the field does not reach below bit 0.
  Status Check() const;
};

// One integer modulo 2^64, or modulo any smaller power of two that holds the field (a word of LWE).
// REQUIRES: a field that passes Check, start <= 63; for Place, message < 2^width.
uint64_t Place(const BitField& field, uint64_t message);
// The field after rounding at low(), half up: the message as long as what was added is in [-2^(low-1), 2^(low-1)),
// or nothing for low = 0. What overflowed into the padding is dropped.
uint64_t Extract(const BitField& field, uint64_t word);

// One field per coefficient of a plaintext, modulo Q_level. Sums of plaintexts and multiples by whole numbers are
// arithmetic modulo 2^width, entry by entry; products are negacyclic convolutions modulo 2^width.
class BitFieldEncoding {
 public:
  using Cleartext = std::vector<uint64_t>;
  using Encoded = Plaintext;

  // The scale of the plaintexts is 2^low. Context and pool must outlive the encoding. kInvalidArgument: a wrong field;
  // no such level; 2^(start+1) above Q_level/2.
  static Result<BitFieldEncoding> Create(const Context& context, SlotPool& pool, BitField field, int level);

  const BitField& field() const { return field_; }
  // Decode is exact while what was added to a coefficient is below this in magnitude: 2^(low-1).
  double NoiseMargin() const;

  // At most N integers in [0, 2^width); the coefficients after the last one are zero.
  Result<Plaintext> Encode(const std::vector<uint64_t>& messages) const;
  // N integers in [0, 2^width): every coefficient, as a number in (-Q_level/2, Q_level/2), over the plaintext's own
  // scale (2^low, or the product of a multiplication), rounded to the nearest integer, modulo 2^width.
  Result<std::vector<uint64_t>> Decode(const Plaintext& plaintext) const;
  std::string Domain() const;
  double ErrorBound(const std::vector<uint64_t>&) const { return 0; }

 private:
  BitFieldEncoding(const Context& context, SlotPool& pool, BitField field, int level);

  const Context* context_;
  SlotPool* pool_;
  BitField field_;
  int level_;
};

}  // namespace keymemrt::lattice
