// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/npy.h"

#include <optional>
#include <string_view>

namespace keymemrt::frontend {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr uint64_t kMaxHeader = 1 << 16;  // NumPy's own are below 200 bytes
constexpr size_t kMaxDimensions = 32;

// The little of Python's literals that a header may hold. Each Take... skips blanks, then consumes what it names or
// consumes nothing and fails.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  bool Take(std::string_view token) {
    SkipBlanks();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }

  std::optional<std::string_view> TakeString() {
    SkipBlanks();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return std::nullopt;
    const size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view value = text_.substr(1, end - 1);
    if (value.find('\\') != std::string_view::npos) return std::nullopt;
    text_.remove_prefix(end + 1);
    return value;
  }

  std::optional<uint64_t> TakeNumber() {
    SkipBlanks();
    uint64_t value = 0;
    size_t digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
      const uint64_t digit = static_cast<uint64_t>(text_[digits] - '0');
      if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
      value = value * 10 + digit;
    }
    if (digits == 0 || (digits > 1 && text_[0] == '0')) return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }

  // (), (3,), (3, 4) or (3, 4,)
  std::optional<Shape> TakeTuple() {
    if (!Take("(")) return std::nullopt;
    Shape shape;
    while (!Take(")")) {
      const std::optional<uint64_t> dimension = TakeNumber();
      if (!dimension || shape.size() == kMaxDimensions) return std::nullopt;
      shape.push_back(*dimension);
      if (Take(",")) continue;
      if (shape.size() < 2 || !Take(")")) return std::nullopt;  // "(3)" is a number, not a tuple
      break;
    }
    return shape;
  }

  bool AtEnd() {
    SkipBlanks();
    return text_.empty();
  }

 private:
  void SkipBlanks() {
    const size_t begin = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(begin == std::string_view::npos ? text_.size() : begin);
  }
  std::string_view text_;
};

struct Header {
  ElementType type = ElementType::kFloat64;
  Shape shape;
};

Result<Header> ParseDictionary(const std::string& what, std::string_view text) {
  const auto malformed = [&](std::string_view expected) {
    return Corrupt("{}: the .npy header is malformed: {} expected", what, expected);
  };
  Literal literal(text);
  if (!literal.Take("{")) return malformed("'{'");
  std::optional<ElementType> type;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
  while (!literal.Take("}")) {
    const std::optional<std::string_view> key = literal.TakeString();
    if (!key || !literal.Take(":")) return malformed("a key in quotes and ':'");
    if (*key == "descr" && !type) {
      const std::optional<std::string_view> descr = literal.TakeString();
      if (!descr) return malformed("one element type as 'descr'");
      if (*descr == "<f8") {
        type = ElementType::kFloat64;
      } else if (*descr == "<f4") {
        type = ElementType::kFloat32;
      } else if (*descr == "|u1") {
        type = ElementType::kUint8;
      } else {
        return Corrupt("{}: elements of type '{}': '<f8' (float64), '<f4' (float32) or '|u1' (uint8) expected", what,
                       *descr);
      }
    } else if (*key == "fortran_order" && !fortran_order) {
      if (literal.Take("False")) {
        fortran_order = false;
      } else if (literal.Take("True")) {
        fortran_order = true;
      } else {
        return malformed("True or False as 'fortran_order'");
      }
    } else if (*key == "shape" && !shape) {
      shape = literal.TakeTuple();
      if (!shape) return malformed("a tuple of at most 32 dimensions as 'shape'");
    } else {
      return malformed("each of the keys 'descr', 'fortran_order', 'shape' once and no other");
    }
    if (!literal.Take(",")) {
      if (!literal.Take("}")) return malformed("',' or '}'");
      break;
    }
  }
  if (!literal.AtEnd()) return malformed("nothing but blanks after '}'");
  if (!type || !fortran_order || !shape) return malformed("each of the keys 'descr', 'fortran_order', 'shape'");
  if (*fortran_order) {
    return Corrupt("{}: the array is in Fortran order, C order expected: save numpy.ascontiguousarray(a)", what);
  }
  return Header{*type, *std::move(shape)};
}

}  // namespace

Result<StoredArray> OpenNpy(std::string what, std::shared_ptr<const ByteSource> bytes) {
  const auto truncated = [&] { return Corrupt("{}: truncated within the .npy header", what); };
  std::string prefix(kMagic.size() + 2, '\0');
  if (bytes->size() < prefix.size()) return truncated();
  KMRT_RETURN_IF_ERROR(bytes->Read(0, std::as_writable_bytes(std::span(prefix))));
  if (!prefix.starts_with(kMagic)) return Corrupt("{}: not a .npy array: it does not begin with \\x93NUMPY", what);
  const int major = static_cast<unsigned char>(prefix[6]);
  const int minor = static_cast<unsigned char>(prefix[7]);
  if (major < 1 || major > 3 || minor != 0) {
    return Corrupt("{}: .npy format version {}.{}: 1.0, 2.0 or 3.0 expected", what, major, minor);
  }
  uint8_t length_bytes[4] = {};
  const size_t length_size = major == 1 ? 2 : 4;
  const uint64_t text_offset = prefix.size() + length_size;
  if (bytes->size() < text_offset) return truncated();
  KMRT_RETURN_IF_ERROR(bytes->Read(prefix.size(), std::as_writable_bytes(std::span(length_bytes, length_size))));
  const uint64_t length = length_bytes[0] | uint64_t{length_bytes[1]} << 8 | uint64_t{length_bytes[2]} << 16 |
                          uint64_t{length_bytes[3]} << 24;
  if (length > kMaxHeader)
    return Corrupt("{}: a .npy header of {} bytes, at most {} expected", what, length, kMaxHeader);
  if (bytes->size() - text_offset < length) return truncated();
  std::string text(length, '\0');
  KMRT_RETURN_IF_ERROR(bytes->Read(text_offset, std::as_writable_bytes(std::span(text))));
  KMRT_ASSIGN_OR_RETURN(Header header, ParseDictionary(what, text));
  return StoredArray::Create(std::move(what), header.type, std::move(header.shape), std::move(bytes),
                             text_offset + length);
}

Result<StoredArray> OpenNpy(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(RandomAccessFile opened, RandomAccessFile::Open(path));
  const auto file = std::make_shared<const RandomAccessFile>(std::move(opened));
  return OpenNpy(path, std::make_shared<FileRange>(file, 0, file->size()));
}

Result<Tensor> ReadNpy(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const StoredArray array, OpenNpy(path));
  Tensor tensor{array.type(), array.shape(), std::vector<double>(array.count())};
  KMRT_RETURN_IF_ERROR(array.Read(0, tensor.values));
  return tensor;
}

std::string NpyHeader(const Shape& shape) {
  const std::string tuple =
      shape.size() == 1 ? fmt::format("({},)", shape[0]) : fmt::format("({})", fmt::join(shape, ", "));
  std::string text = fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': {}, }}", tuple);
  constexpr size_t kFixed = 10;  // magic, version, length
  constexpr size_t kAlign = 64;
  text.append(kAlign - 1 - (kFixed + text.size()) % kAlign, ' ');
  text.push_back('\n');
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

Status WriteNpy(const std::string& path, const Shape& shape, std::span<const double> values) {
  KMRT_ASSIGN_OR_RETURN(const uint64_t count, ElementCount(shape, sizeof(double), path));
  if (count != values.size())
    return InvalidArgument("{}: {} values for the shape {}", path, values.size(), ShapeToString(shape));
  KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  KMRT_RETURN_IF_ERROR(file.Append(AsBytes(NpyHeader(shape))));
  KMRT_RETURN_IF_ERROR(file.Append(std::as_bytes(values)));
  return file.Commit();
}

}  // namespace keymemrt::frontend
