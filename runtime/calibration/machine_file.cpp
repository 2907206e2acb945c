// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "runtime/calibration/calibration.h"

namespace keymemrt::runtime {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 4;
constexpr uint64_t kLargestFile = uint64_t{1} << 20;

Json ToJson(const planner::Machine& machine) {
  Json json = {{"version", kVersion},
               {"processor", machine.processor},
               {"processors", machine.processors},
               {"store",
                {{"bytes_per_second", machine.store.bytes_per_second},
                 {"seconds_per_read", machine.store.seconds_per_read},
                 {"latency_seconds", machine.store.latency_seconds},
                 {"handover_seconds", machine.store.handover_seconds},
                 {"processor_seconds_per_read", machine.store.processor_seconds_per_read},
                 {"processor_seconds_per_byte", machine.store.processor_seconds_per_byte}}}};
  for (const planner::RingRates& rates : machine.rings) {
    json["rings"].push_back({{"log_n", rates.log_n},
                             {"transform", rates.transform},
                             {"key_product", rates.key_product},
                             {"conversion", rates.conversion},
                             {"pass", rates.pass},
                             {"row_product", rates.row_product},
                             {"embedding", rates.embedding},
                             {"serial_share", rates.serial_share}});
  }
  return json;
}

bool Plausible(double x) {
  return std::isfinite(x) && x >= 0;
}

bool Plausible(const planner::Machine& machine) {
  if (machine.rings.empty() || machine.processors < 1 || !Plausible(machine.store.bytes_per_second) ||
      !Plausible(machine.store.seconds_per_read) || !Plausible(machine.store.handover_seconds) ||
      !Plausible(machine.store.latency_seconds) || !Plausible(machine.store.processor_seconds_per_read) ||
      !Plausible(machine.store.processor_seconds_per_byte)) {
    return false;
  }
  for (const planner::RingRates& rates : machine.rings) {
    if (rates.log_n < 4 || rates.log_n > 30 || !Plausible(rates.embedding) || !Plausible(rates.serial_share))
      return false;
    for (const planner::PerWidth* kind :
         {&rates.transform, &rates.key_product, &rates.conversion, &rates.pass, &rates.row_product}) {
      for (const double rate : *kind) {
        if (!Plausible(rate)) return false;
      }
    }
  }
  return true;
}

}  // namespace

Result<std::string> MachineFilePath() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return std::string(cache) + "/keymemrt/machine.json";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::string(home) + "/.cache/keymemrt/machine.json";
  }
  return InvalidArgument("neither XDG_CACHE_HOME nor HOME says where a user's calibration lies");
}

Status WriteMachine(const planner::Machine& machine, const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return Failed("{}: cannot make its directory: {}", path, error.message());
  return WriteFile(path, AsBytes(ToJson(machine).dump(2) + "\n"));
}

Result<planner::Machine> ReadMachine(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadFile(path, kLargestFile));
  const Status damaged =
      Corrupt("{}: not a calibration of this version: measure again with `keymemrt calibrate`", path);
  const char* begin = reinterpret_cast<const char*>(bytes.data());
  const Json json = Json::parse(begin, begin + bytes.size(), nullptr, false);
  if (!json.is_object() || json.value("version", 0) != kVersion) return damaged;
  planner::Machine machine;
  try {
    json.at("processor").get_to(machine.processor);
    json.at("processors").get_to(machine.processors);
    const Json& store = json.at("store");
    store.at("bytes_per_second").get_to(machine.store.bytes_per_second);
    store.at("seconds_per_read").get_to(machine.store.seconds_per_read);
    store.at("handover_seconds").get_to(machine.store.handover_seconds);
    store.at("latency_seconds").get_to(machine.store.latency_seconds);
    store.at("processor_seconds_per_read").get_to(machine.store.processor_seconds_per_read);
    store.at("processor_seconds_per_byte").get_to(machine.store.processor_seconds_per_byte);
    for (const Json& ring : json.at("rings")) {
      planner::RingRates rates;
      ring.at("log_n").get_to(rates.log_n);
      ring.at("transform").get_to(rates.transform);
      ring.at("key_product").get_to(rates.key_product);
      ring.at("conversion").get_to(rates.conversion);
      ring.at("pass").get_to(rates.pass);
      ring.at("row_product").get_to(rates.row_product);
      ring.at("embedding").get_to(rates.embedding);
      ring.at("serial_share").get_to(rates.serial_share);
      machine.rings.push_back(rates);
    }
  } catch (const Json::exception&) {  // a field is missing or of another type
    return damaged;
  }
  if (!Plausible(machine)) return damaged;
  return machine;
}

KnownMachine LoadMachine() {
  std::string stale;
  if (const Result<std::string> path = MachineFilePath(); path.ok()) {
    if (Result<planner::Machine> machine = ReadMachine(*path); machine.ok()) {
      if (machine->processor == ThisProcessor()) {
        const std::string source = "measured on this machine (" + machine->processor + ")";
        return {std::move(machine).value(), source};
      }
      stale = "; the calibration is of another processor";
    }
  }
  const planner::Machine& machine = planner::DefaultMachine();
  return {machine, "built-in figures of another machine (" + machine.processor + ")" + stale +
                       ": measure this one with `keymemrt calibrate`"};
}

}  // namespace keymemrt::runtime
