// SPDX-License-Identifier: Apache-2.0
#include "runtime/telemetry/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/size.h"

namespace keymemrt::runtime {

namespace {

constexpr char kStyle[] = R"(
:root { --ink: #1c2733; --soft: #5c6b7a; --line: #dfe5ea; --keys: #2f6fde; --ciphertexts: #f2a33a; --plaintexts: #58a65c;
  --scratch: #9a6fb8; --process: #c3cbd3; --budget: #c62f2f; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; max-width: 1000px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p { margin: .3rem 0; color: var(--soft); } svg { display: block; width: 100%; height: auto; }
svg rect { shape-rendering: crispEdges; } svg text { font: 12px system-ui, sans-serif; fill: var(--soft); } svg .small { font-size: 10px; }
.axis { stroke: var(--line); } .cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.card { flex: 1 1 9rem; border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; }
.card b { display: block; font-size: 1.25rem; } .card span { color: var(--soft); font-size: .85rem; }
.legend span { margin-right: 1.1rem; white-space: nowrap; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .35rem; vertical-align: -1px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: right; padding: .25rem .6rem;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } th { color: var(--soft); font-weight: 500; }
.columns { columns: 2; column-gap: 2.5rem; } #readout { min-height: 1.5em; color: var(--ink); font-variant-numeric: tabular-nums; }
)";

// Shows what is under the pointer: the memory chart's figures, from the page's own data.
constexpr char kScript[] = R"(
const chart = document.getElementById('memory'), out = document.getElementById('readout'), line = document.getElementById('pointer');
chart.addEventListener('mousemove', event => {
  const box = chart.getBoundingClientRect(), x = (event.clientX - box.left) * data.width / box.width;
  const at = (x - data.left) / (data.right - data.left);
  if (at < 0 || at >= 1) return;
  const i = Math.min(data.bytes.length - 1, Math.floor(at * data.end / data.step)), bytes = data.bytes[i];
  const mib = b => (b / 1048576).toFixed(1) + ' MiB';
  line.setAttribute('x1', x); line.setAttribute('x2', x); line.setAttribute('opacity', 1);
  out.textContent = (i * data.step).toFixed(3) + ' s: ' + data.names.map((name, k) => name + ' ' + mib(bytes[k])).join(', ') +
    '; in all ' + mib(bytes.reduce((a, b) => a + b, 0));
});
)";

// Charts are as wide as the page and share their axis of time.
constexpr double kWidth = 960, kLeft = 96, kRight = 950;
constexpr size_t kMostColumns = 700;  // finer than this no eye sees, and pages stay small

struct Layer {
  const char* name;
  const char* colour;  // of the style
};
// From the bottom up. The first is what is not slots; the others are in the order of MemoryClass.
constexpr Layer kLayers[] = {{"process", "process"},
                             {"keys", "keys"},
                             {"ciphertexts", "ciphertexts"},
                             {"plaintexts", "plaintexts"},
                             {"scratch", "scratch"}};
constexpr size_t kLayerCount = std::size(kLayers);
static_assert(kLayerCount == kMemoryClasses + 1);

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// 1, 2 or 5 times a power of ten: about `count` steps to `most`.
double RoundStep(double most, int count) {
  const double raw = std::max(most, 1e-9) / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

class Page {
 public:
  explicit Page(int64_t end) : end_(std::max<int64_t>(end, 1)) {}

  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  double X(int64_t time) const {
    return kLeft + (kRight - kLeft) * static_cast<double>(std::min(time, end_)) / static_cast<double>(end_);
  }
  // An SVG with an axis of time below `bottom`. The caller adds what is in it and ends it.
  void OpenChart(const char* id, const char* label, double height, double bottom) {
    Add("<svg id=\"{}\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\">\n", id, label, kWidth, height);
    const double seconds = static_cast<double>(end_) * 1e-9;
    const double step = RoundStep(seconds, 8);
    for (int i = 0; i * step <= seconds; ++i) {
      const double x = kLeft + (kRight - kLeft) * i * step / seconds;
      Add("<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"4\" y2=\"{1}\"/>", x, bottom);
      Add("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.6g} s</text>\n", x, bottom + 16, i * step);
    }
  }
  void CloseChart() { text_ += "</svg>\n"; }
  void HorizontalAt(double y, const std::string& label) {
    Add("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", kLeft, kRight, y, y);
    Add("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 6, y + 4, label);
  }
  const std::string& text() const { return text_; }

 private:
  const int64_t end_;
  std::string text_;
};

// The series' columns, neighbours joined until they are few enough; `width` becomes that of a joined column.
template <typename T>
std::vector<T> Coarse(const Series<T>& series, int64_t& width) {
  const std::span<const T> columns = series.columns();
  const size_t group = (columns.size() + kMostColumns - 1) / kMostColumns;
  width = series.column_width() * static_cast<int64_t>(std::max<size_t>(group, 1));
  std::vector<T> coarse;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i % group == 0) {
      coarse.push_back(columns[i]);
    } else {
      coarse.back().Join(columns[i]);
    }
  }
  return coarse;
}

void AddHead(Page& page, const program::Program& program, const scheme::Parameters& parameters, const Stats& stats) {
  page.Add(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}: a run of KeyMemRT</title>\n"
      "<style>{1}</style></head><body>\n<h1>{0}</h1>\n",
      Escaped(program.name), kStyle);
  page.Add("<p>{}, mode {}, {} thread{}; {} operations, {} key switches with {} keys</p>\n",
           Escaped(parameters.Describe()), ModeName(stats.mode), stats.threads, stats.threads == 1 ? "" : "s",
           program.ops.size(), stats.key_switches, program.keys.size());
  page.Add("<div class=\"cards\">\n");
  const auto card = [&](const std::string& figure, const std::string& what) {
    page.Add("<div class=\"card\"><b>{}</b><span>{}</span></div>\n", figure, what);
  };
  card(FormatSize(stats.peak_rss_bytes),
       stats.budget_bytes == 0 ? "peak memory of the process; no budget was set"
                               : fmt::format("peak memory, of a budget of {}", FormatSize(stats.budget_bytes)));
  card(FormatSize(stats.peak_key_bytes),
       fmt::format("of keys at most, {} are stored", FormatSize(stats.key_store_bytes)));
  card(fmt::format("{:.3g} s", stats.wall_seconds),
       fmt::format("{:.3g} s of it waiting for keys", stats.stall_seconds));
  const uint64_t asked = stats.key_chunks_hit + stats.key_chunks_missed;
  card(
      FormatSize(stats.key_bytes_read),
      fmt::format("of keys read; {:.0f} % of the chunks were there already",
                  asked == 0 ? 100.0 : 100.0 * static_cast<double>(stats.key_chunks_hit) / static_cast<double>(asked)));
  page.Add("</div>\n");
}

void AddMemory(Page& page, const Stats& stats, const Recorder& recorder) {
  constexpr double kTop = 14, kBottom = 300;
  int64_t width;
  const std::vector<Recorder::MemoryColumn> columns = Coarse(recorder.memory(), width);
  std::vector<std::array<uint64_t, kLayerCount>> layers;  // by column
  for (const Recorder::MemoryColumn& column : columns) {
    std::array<uint64_t, kLayerCount>& layer = layers.emplace_back();
    layer[0] = stats.fixed_bytes;
    std::copy(column.at_peak.begin(), column.at_peak.end(), layer.begin() + 1);
  }
  constexpr double kMiB = 1 << 20;
  const double top_mib =
      1.06 * static_cast<double>(std::max({stats.fixed_bytes + stats.peak_slot_bytes, stats.budget_bytes})) / kMiB;
  const auto y = [&](double bytes) { return kBottom - (kBottom - kTop) * bytes / kMiB / top_mib; };

  page.Add("<h2>Memory over time</h2>\n<p class=\"legend\">");
  for (const Layer& layer : kLayers) {
    page.Add("<span><i style=\"background: var(--{})\"></i>{}</span>", layer.colour, layer.name);
  }
  page.Add("</p>\n");
  page.OpenChart("memory", "memory over time by class", kBottom + 24, kBottom);
  const double step = RoundStep(top_mib, 6);
  for (int i = 0; i * step <= top_mib; ++i) page.HorizontalAt(y(i * step * kMiB), fmt::format("{:.6g} MiB", i * step));
  std::vector<uint64_t> below(layers.size(), 0);
  for (size_t layer = 0; layer < kLayerCount; ++layer) {
    // A step for each column: along the top, and back along the bottom.
    std::string path;
    for (size_t i = 0; i < layers.size(); ++i) {
      const int64_t begin = static_cast<int64_t>(i) * width;
      const double height = y(static_cast<double>(below[i] + layers[i][layer]));
      fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}H{:.1f}", i == 0 ? 'M' : 'L', page.X(begin), height,
                     page.X(begin + width));
    }
    for (size_t i = layers.size(); i-- > 0;) {
      const int64_t begin = static_cast<int64_t>(i) * width;
      fmt::format_to(std::back_inserter(path), "L{:.1f} {:.1f}H{:.1f}", page.X(begin + width),
                     y(static_cast<double>(below[i])), page.X(begin));
      below[i] += layers[i][layer];
    }
    page.Add("<path d=\"{}Z\" fill=\"var(--{})\"/>\n", path, kLayers[layer].colour);
  }
  if (stats.budget_bytes != 0) {
    const double height = y(static_cast<double>(stats.budget_bytes));
    page.Add(
        "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"var(--budget)\" stroke-width=\"1.5\" "
        "stroke-dasharray=\"6 3\"/>",
        kLeft, kRight, height, height);
    page.Add("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\" style=\"fill: var(--budget)\">budget {}</text>\n", kRight,
             height - 4, FormatSize(stats.budget_bytes));
  }
  page.Add("<line id=\"pointer\" y1=\"{}\" y2=\"{}\" stroke=\"#1c2733\" opacity=\"0\"/>\n", kTop, kBottom);
  page.CloseChart();
  page.Add(
      "<p id=\"readout\">Point at the chart for its figures.</p>\n<p>\"process\" is what is set aside for code, "
      "tables, stacks and this recording; the "
      "rest "
      "is counted slot by slot, each moment at its highest.</p>\n");

  nlohmann::json data = {{"width", kWidth},
                         {"left", kLeft},
                         {"right", kRight},
                         {"end", static_cast<double>(recorder.end()) * 1e-9},
                         {"step", static_cast<double>(width) * 1e-9},
                         {"bytes", layers}};
  for (const Layer& layer : kLayers) data["names"].push_back(layer.name);
  page.Add("<script>\nconst data = {};{}</script>\n", data.dump(), kScript);
}

void AddStalls(Page& page, const Stats& stats, const Recorder& recorder) {
  constexpr double kTop = 10, kBottom = 80;
  int64_t width;
  const std::vector<Recorder::StallColumn> columns = Coarse(recorder.stalls(), width);
  page.Add(
      "<h2>Waiting for keys</h2>\n<p>{:.3g} s in all, {:.1f} % of the run: how much of each moment the evaluation "
      "stood still.</p>\n",
      stats.stall_seconds, stats.wall_seconds > 0 ? 100 * stats.stall_seconds / stats.wall_seconds : 0.0);
  page.OpenChart("stalls", "share of time spent waiting for keys", kBottom + 24, kBottom);
  for (const int percent : {0, 50, 100}) {
    page.HorizontalAt(kBottom - (kBottom - kTop) * percent / 100, fmt::format("{} %", percent));
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const double share = std::min(1.0, columns[i].seconds * 1e9 / static_cast<double>(width));
    if (share < 0.005) continue;
    const int64_t begin = static_cast<int64_t>(i) * width;
    const double height = (kBottom - kTop) * share;
    page.Add("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"var(--budget)\"/>",
             page.X(begin), kBottom - height, page.X(begin + width) - page.X(begin), height);
  }
  page.CloseChart();
}

void AddResidency(Page& page, const program::Program& program, const scheme::Parameters& parameters,
                  const Recorder& recorder) {
  constexpr double kTop = 6;
  constexpr int kShades = 4;
  const size_t keys = program.keys.size();
  if (keys == 0) return;
  const double row = std::clamp(640.0 / static_cast<double>(keys), 2.0, 14.0);
  const double bottom = kTop + row * static_cast<double>(keys);
  page.Add("<h2>Keys in memory</h2>\n<p>A row for each key, in order of first use; the darker, the more of it.</p>\n");
  page.OpenChart("keys", "which keys were in memory when", bottom + 24, bottom);
  for (size_t key = 0; key < keys; ++key) {
    const double y = kTop + row * static_cast<double>(key);
    const program::Key& which = program.keys[key];
    const std::string name =
        which.id.kind == scheme::KeyKind::kRotation ? fmt::format("rotation {}", which.shift) : which.id.ToString();
    const int chunks = parameters.ChunkCount(which.level);
    page.Add("<g><title>{}, level {}: {} chunks, {}</title>", Escaped(name), which.level, chunks,
             FormatSize(static_cast<uint64_t>(chunks) * parameters.chunk_bytes()));
    if (row >= 9) {
      page.Add("<text class=\"small\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 6,
               y + row / 2 + 3.5, Escaped(name));
    }
    page.Add("<rect x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{:.1f}\" fill=\"#f4f6f8\"/>", kLeft, y, kRight - kLeft,
             row > 4 ? row - 1 : row);
    int64_t width;
    const std::vector<Recorder::ChunksColumn> columns = Coarse(recorder.resident()[key], width);
    const auto shade = [&](size_t i) { return (static_cast<int>(columns[i].most) * kShades + chunks - 1) / chunks; };
    for (size_t begin = 0, end; begin < columns.size(); begin = end) {
      for (end = begin + 1; end < columns.size() && shade(end) == shade(begin);) ++end;
      if (shade(begin) == 0) continue;
      const double x = page.X(static_cast<int64_t>(begin) * width);
      page.Add(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"var(--keys)\" "
          "opacity=\"{:.2f}\"/>",
          x, y, page.X(static_cast<int64_t>(end) * width) - x, row > 4 ? row - 1 : row,
          0.25 + 0.75 * (shade(begin) - 1) / (kShades - 1));
    }
    page.Add("</g>\n");
  }
  page.CloseChart();
}

void AddFigures(Page& page, const Stats& stats) {
  page.Add(
      "<h2>Predicted and measured</h2>\n<table><tr><th></th><th>predicted</th><th>measured</th><th>measured / "
      "predicted</th></tr>\n");
  const auto row = [&](const char* what, uint64_t predicted, uint64_t measured) {
    page.Add(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", what, FormatSize(predicted), FormatSize(measured),
        predicted == 0 ? std::string("&ndash;")
                       : fmt::format("{:.1f} %", 100 * static_cast<double>(measured) / static_cast<double>(predicted)));
  };
  row("peak memory of the process", stats.predicted.peak_bytes, stats.peak_rss_bytes);
  row("peak memory of keys", stats.predicted.peak_key_bytes, stats.peak_key_bytes);
  row("keys read", stats.predicted.key_bytes_read, stats.key_bytes_read);
  page.Add(
      "</table>\n<p>No plan within this memory can read less than {} of keys; a cache that evicts the key used "
      "longest ago would read {}.</p>\n",
      FormatSize(stats.key_bytes_read_lower_bound), FormatSize(stats.key_bytes_read_lru));

  page.Add("<h2>All figures</h2>\n<div class=\"columns\"><table>\n");
  const nlohmann::ordered_json all = nlohmann::ordered_json::parse(ToJson(stats));
  for (const auto& [name, value] : all.items()) {
    if (value.is_object()) continue;
    page.Add("<tr><td>{}</td><td>{}</td></tr>\n", name,
             value.is_number_float() ? fmt::format("{:.4g}", value.get<double>())
                                     : Escaped(value.is_string() ? value.get<std::string>() : value.dump()));
  }
  page.Add("</table></div>\n</body></html>\n");
}

}  // namespace

Status WriteHtmlReport(const program::Program& program, const Stats& stats, const Recorder& recorder,
                       const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
  Page page(recorder.end());
  AddHead(page, program, parameters, stats);
  AddMemory(page, stats, recorder);
  AddStalls(page, stats, recorder);
  AddResidency(page, program, parameters, recorder);
  AddFigures(page, stats);
  return WriteFile(path, AsBytes(page.text()));
}

}  // namespace keymemrt::runtime
