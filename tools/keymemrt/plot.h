// SPDX-License-Identifier: Apache-2.0
//
// A line chart as SVG that refers to nothing outside itself.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace keymemrt::tools {

struct PlotLine {
  std::string name;
  std::vector<std::pair<double, double>> points;  // ascending in x
  bool dashed = false;
};

struct Plot {
  std::string title;
  std::string x_label, y_label;
  // Where the x axis has a tick, and how an x is written there; y are plain numbers.
  std::vector<double> x_ticks;
  std::string (*x_text)(double) = nullptr;
  std::vector<PlotLine> lines;
  std::vector<std::pair<std::string, std::pair<double, double>>> marks;  // named points
  std::vector<std::pair<std::string, double>> limits;                    // named x, vertical lines
};

// x is logarithmic, y begins at 0. REQUIRES: some line has a point, every x is positive.
std::string ToSvg(const Plot& plot);

}  // namespace keymemrt::tools
