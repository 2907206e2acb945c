// SPDX-License-Identifier: Apache-2.0
//
// Which files of a directory are a key store's, finished or not: what may be cleared away, and nothing else.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace keymemrt::runtime {

// Names of the manifest and the segments in `directory`, and of those that an interrupted key generation left under
// temporary names; the manifest first. Recognised by name and, unless temporary, by magic: a user's own file of such a
// name stays. kInvalidArgument: no such directory.
Result<std::vector<std::string>> ListKeyStoreFiles(const std::string& directory);

// Removes the files, in order, then the directory if nothing else is in it.
Status RemoveKeyStoreFiles(const std::string& directory, const std::vector<std::string>& files);

}  // namespace keymemrt::runtime
