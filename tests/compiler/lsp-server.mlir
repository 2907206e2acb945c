// The language server knows the dialects: it finds what is wrong in a module of them.
// RUN: keymemrt-lsp-server -lit-test < %s | FileCheck %s
{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":123,"rootPath":"kmrt","capabilities":{},"trace":"off"}}
// -----
{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{
  "uri":"test:///model.mlir",
  "languageId":"mlir",
  "version":1,
  "text":"func.func @f(%k: !key_mgmt.rot_key<rotation_index = 5>) {\n  key_mgmt.clear_key %k : <rotation_index = 4>\n  return\n}"
}}}
// CHECK: "method": "textDocument/publishDiagnostics",
// CHECK: "message": "{{.*}}expects different type than prior uses
// CHECK: "line": 1
// -----
{"jsonrpc":"2.0","id":3,"method":"shutdown"}
// -----
{"jsonrpc":"2.0","method":"exit"}
