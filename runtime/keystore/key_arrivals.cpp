// SPDX-License-Identifier: Apache-2.0
//
// A key store whose keys are still arriving.
#include "runtime/keystore/key_arrivals.h"

#include <filesystem>

namespace keymemrt::runtime {

namespace {

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Whose keys arrive; nothing: not known yet. A damaged file may be one that is being copied.
Result<std::optional<Manifest>> ReadHead(const std::string& directory, std::string& reason) {
  for (const bool complete : {true, false}) {
    auto head = complete ? ReadManifest(directory) : ReadArriving(directory);
    if (head.ok()) return std::optional(std::move(head).value());
    if (head.status().code() == ErrorCode::kCorrupt) reason = head.status().message();
    if (head.status().code() == ErrorCode::kFailed) return head.status();
  }
  return std::optional<Manifest>();
}

}  // namespace

KeyStore::~KeyStore() = default;

Result<std::unique_ptr<KeyStore>> KeyStore::OpenArriving(const std::string& directory,
                                                         const std::vector<Wanted>& wanted,
                                                         std::shared_ptr<ReadQueue> reads, Say say) {
  // Watched before it is looked at: nothing is missed.
  KMRT_ASSIGN_OR_RETURN(DirectoryWatch watch, DirectoryWatch::Open(directory));
  std::optional<Manifest> head;
  for (std::string said; true;) {
    std::string reason;
    KMRT_ASSIGN_OR_RETURN(head, ReadHead(directory, reason));
    if (head) break;
    const std::string what = fmt::format("{}: waiting for {} or {}{}{}", directory, kManifestName, kArrivingName,
                                         reason.empty() ? "" : "; there is ", reason);
    if (say && what != said) say(what);
    said = what;
    KMRT_RETURN_IF_ERROR(watch.Next(true).status());
  }
  const std::vector<KeyEntry> listed = std::exchange(head->keys, {});
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters,
                        scheme::Parameters::Create(head->parameters, scheme::Security::kInsecure));
  for (const Wanted& key : wanted) {
    KMRT_ASSIGN_OR_RETURN(const scheme::Parameters shaped, parameters.At(key.id.shape));
    if (key.level < 0 || key.level > shaped.max_level()) {
      return Corrupt("{}: made for other parameters than the program's: it has no level {} for {}", directory,
                     key.level, key.id.ToString());
    }
    head->keys.push_back({key.id, key.level, shaped.DigitCount(key.level), shaped.ChunkCount(key.level), {}});
  }
  KMRT_ASSIGN_OR_RETURN(std::unique_ptr<KeyStore> store, Make(directory, *std::move(head), std::move(reads)));
  store->arrivals_ = std::make_unique<Arrivals>(*store, std::move(watch), std::move(say));
  KMRT_RETURN_IF_ERROR(store->arrivals_->LookAtAll());
  return store;
}

bool KeyStore::Look(size_t key) const {
  if (arrivals_ == nullptr || Has(key)) return Has(key);
  const std::unique_lock lock(arrivals_->mutex, std::try_to_lock);
  // Whoever waits looks; a failure is said by Await.
  return lock.owns_lock() && arrivals_->Update(false).ok() && Has(key);
}

Status KeyStore::Await(size_t key) const {
  if (segments_[key] != nullptr) return Status();
  const std::lock_guard lock(arrivals_->mutex);
  for (std::string said; true;) {
    KMRT_RETURN_IF_ERROR(arrivals_->Update(false));
    if (segments_[key] != nullptr) return Status();
    KMRT_RETURN_IF_ERROR(arrivals_->Hopeless(key));
    const std::string what = arrivals_->Describe(key);
    if (arrivals_->say && what != said) arrivals_->say(what);
    said = what;
    KMRT_RETURN_IF_ERROR(arrivals_->Update(true));
  }
}

KeyStore::Arrivals::Arrivals(const KeyStore& the_store, DirectoryWatch the_watch, Say the_say)
    : store(the_store), watch(std::move(the_watch)), say(std::move(the_say)), problems(store.manifest_.keys.size()) {
  for (size_t key = 0; key < store.manifest_.keys.size(); ++key) {
    KeyEntry entry = store.manifest_.keys[key];
    for (; entry.level <= store.parameters(key).max_level(); ++entry.level) {
      files[entry.FileName()] = {key, entry.level};
    }
  }
}

Status KeyStore::Arrivals::LookAtAll() {
  KMRT_RETURN_IF_ERROR(LookAtManifest());
  for (const auto& [name, file] : files) {
    if (Exists(store.directory_ + "/" + name)) KMRT_RETURN_IF_ERROR(LookAt(file));
  }
  return Status();
}

Status KeyStore::Arrivals::Update(bool wait) {
  KMRT_ASSIGN_OR_RETURN(const DirectoryWatch::News news, watch.Next(wait));
  if (news.lost) return LookAtAll();
  for (const std::string& name : news.files) {
    if (name == kManifestName || name == kArrivingName) KMRT_RETURN_IF_ERROR(LookAtManifest());
    const auto it = files.find(name);
    if (it != files.end()) KMRT_RETURN_IF_ERROR(LookAt(it->second));
  }
  return Status();
}

Status KeyStore::Arrivals::LookAtManifest() {
  complete = false;
  // In this order: key generation writes the one before it removes the other.
  const bool arriving = Exists(store.directory_ + "/" + kArrivingName);
  const auto manifest = ReadManifest(store.directory_);
  if (!manifest.ok()) return Status();  // not there, or not whole yet
  if (manifest->key_set != store.manifest_.key_set) {
    return Corrupt("{}: has become another client's key store", store.directory_);
  }
  for (const KeyEntry& entry : manifest->keys) sealed[entry.FileName()] = entry.seal;
  listed.clear();
  for (const KeyEntry& entry : manifest->keys) listed[entry.id] = entry.level;
  complete = !arriving;
  return Status();
}

Status KeyStore::Arrivals::LookAt(const File& file) {
  if (store.segments_[file.key] != nullptr) return Status();
  KeyEntry entry = store.manifest_.keys[file.key];
  entry.level = file.level;
  entry.digits = store.parameters(file.key).DigitCount(entry.level);
  entry.chunks = store.parameters(file.key).ChunkCount(entry.level);
  const auto seal = sealed.find(entry.FileName());
  if (seal != sealed.end()) entry.seal = seal->second;
  auto segment = store.OpenSegment(entry, seal != sealed.end());
  if (segment.status().code() == ErrorCode::kFailed) return segment.status();
  if (!segment.ok()) {
    problems[file.key] = segment.status().message();  // perhaps it is not whole yet
    return Status();
  }
  store.segments_[file.key] = &store.opened_.emplace_back(std::move(segment).value());
  ++there;
  return Status();
}

Status KeyStore::Arrivals::Hopeless(size_t key) const {
  if (!complete) return Status();
  const KeyEntry& entry = store.manifest_.keys[key];
  const auto it = listed.find(entry.id);
  if (it != listed.end() && it->second >= entry.level) return Status();
  return Corrupt("{}: is complete and has no {} up to level {}: make keys for this program with `keymemrt keygen`",
                 store.directory_, entry.id.ToString(), entry.level);
}

std::string KeyStore::Arrivals::Describe(size_t key) const {
  const KeyEntry& entry = store.manifest_.keys[key];
  return fmt::format("{}: waiting for {} ({} of {} keys are there){}{}", store.directory_, entry.FileName(), there,
                     store.manifest_.keys.size(), problems[key].empty() ? "" : "; what came so far: ", problems[key]);
}

}  // namespace keymemrt::runtime
