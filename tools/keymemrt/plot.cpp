// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace keymemrt::tools {

namespace {

constexpr double kWidth = 860, kHeight = 460, kLeft = 72, kRight = 24, kTop = 44, kBottom = 92;
constexpr std::array<const char*, 4> kColours = {"#1f5fa8", "#b4452a", "#3d7d3d", "#7a4f9a"};

std::string Escape(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += c;
  }
  return result;
}

// 1, 2 or 5 times a power of ten, so that about `count` of them cover `range`.
double Step(double range, int count) {
  const double raw = range / count, magnitude = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * magnitude) return factor * magnitude;
  }
  return 10 * magnitude;
}

// Names beside points, where they cover neither each other nor the points.
class Labels {
 public:
  // A point that no label covers.
  void Avoid(double x, double y) { taken_.push_back({x - 5, x + 5, y - 5, y + 5}); }

  // At the first free place: above or below the point, to its right or left, then further away.
  std::string Place(const std::string& text, double x, double y) {
    const double width = kCharacter * static_cast<double>(text.size());
    Box best{};
    for (int distance = 0; distance < 12; ++distance) {
      const double away = 8 + kLine * distance;
      for (const double bottom : {y - away, y + away + kLine}) {
        for (const double left : {x + 8, x - 8 - width}) {
          best = {left, left + width, bottom - kLine, bottom};
          if (best.left < kLeft || best.right > kWidth || best.top < kTop || best.bottom > kHeight - kBottom) continue;
          if (std::any_of(taken_.begin(), taken_.end(), [&](const Box& box) { return best.Meets(box); })) continue;
          taken_.push_back(best);
          return Draw(text, best, x, y, distance > 0);
        }
      }
    }
    return Draw(text, best, x, y, true);
  }

 private:
  static constexpr double kCharacter = 6.8, kLine = 15;
  struct Box {
    double left, right, top, bottom;
    bool Meets(const Box& other) const {
      return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    }
  };
  static std::string Draw(const std::string& text, const Box& box, double x, double y, bool line) {
    const double near = box.left > x ? box.left - 2 : box.right + 2;
    return (line ? fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#aaa\"/>\n", x,
                               y, near, box.bottom - 5)
                 : "") +
           fmt::format(
               "<text x=\"{:.1f}\" y=\"{:.1f}\" stroke=\"white\" stroke-width=\"3\" paint-order=\"stroke\">{}</text>\n",
               box.left, box.bottom - 3, Escape(text));
  }

  std::vector<Box> taken_;
};

}  // namespace

std::string ToSvg(const Plot& plot) {
  double x_min = INFINITY, x_max = 0, y_max = 0;
  const auto cover = [&](const std::pair<double, double>& point) {
    x_min = std::min(x_min, point.first);
    x_max = std::max(x_max, point.first);
    y_max = std::max(y_max, point.second);
  };
  for (const PlotLine& line : plot.lines) std::for_each(line.points.begin(), line.points.end(), cover);
  for (const auto& mark : plot.marks) cover(mark.second);
  if (x_max <= x_min) x_max = x_min * 2;
  if (y_max <= 0) y_max = 1;
  const double step = Step(y_max, 6);
  y_max = step * std::ceil(y_max / step * 1.0001);
  const auto x_at = [&](double x) {
    return kLeft + (kWidth - kLeft - kRight) * std::log(x / x_min) / std::log(x_max / x_min);
  };
  const auto y_at = [&](double y) { return kHeight - kBottom - (kHeight - kTop - kBottom) * y / y_max; };

  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"24\" font-size=\"15\">{3}</text>\n",
      kWidth, kHeight, kLeft, Escape(plot.title));
  for (double y = 0; y <= y_max * 1.0001; y += step) {
    svg += fmt::format(
        "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>\n"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:g}</text>\n",
        kLeft, kWidth - kRight, y_at(y), kLeft - 6, y_at(y) + 4, y);
  }
  for (const double x : plot.x_ticks) {
    if (x < x_min || x > x_max) continue;
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" stroke=\"#888\"/>\n"
        "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
        x_at(x), kHeight - kBottom, kHeight - kBottom + 5, kHeight - kBottom + 20,
        Escape(plot.x_text != nullptr ? plot.x_text(x) : fmt::format("{:g}", x)));
  }
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", (kLeft + kWidth - kRight) / 2,
                     kHeight - kBottom + 40, Escape(plot.x_label));
  svg += fmt::format("<text x=\"16\" y=\"{0}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {0})\">{1}</text>\n",
                     (kTop + kHeight - kBottom) / 2, Escape(plot.y_label));
  double legend = kLeft;
  for (size_t i = 0; i < plot.lines.size(); ++i) {
    const PlotLine& line = plot.lines[i];
    const char* colour = kColours[i % kColours.size()];
    const char* dash = line.dashed ? " stroke-dasharray=\"6 4\"" : "";
    std::string path;
    for (const auto& [x, y] : line.points)
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " L", x_at(x), y_at(y));
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", path, colour, dash);
    svg += fmt::format(
        "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\" stroke=\"{3}\" stroke-width=\"2\"{4}/>\n"
        "<text x=\"{5}\" y=\"{6}\">{7}</text>\n",
        legend, legend + 24, kHeight - 20, colour, dash, legend + 30, kHeight - 16, Escape(line.name));
    legend += 60 + 7.0 * static_cast<double>(line.name.size());
  }
  Labels labels;
  for (const auto& [name, x] : plot.limits) {
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" stroke=\"#888\" stroke-dasharray=\"2 3\"/>\n",
        x_at(x), kTop, kHeight - kBottom);
    svg += labels.Place(name, x_at(x), kHeight - kBottom + 2);
  }
  for (const PlotLine& line : plot.lines) {
    for (const auto& [x, y] : line.points) labels.Avoid(x_at(x), y_at(y));
  }
  for (const auto& [name, point] : plot.marks) labels.Avoid(x_at(point.first), y_at(point.second));
  for (const auto& [name, point] : plot.marks) {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"#222\"/>\n", x_at(point.first),
                       y_at(point.second));
    svg += labels.Place(name, x_at(point.first), y_at(point.second));
  }
  return svg + "</svg>\n";
}

}  // namespace keymemrt::tools
