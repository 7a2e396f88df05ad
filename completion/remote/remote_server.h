// Where a model is served, as a person has configured it.
//
// Threads: any; plain data.

#pragma once

#include <string>
#include <string_view>

namespace fathom::completion {

struct RemoteServer {
  std::string url;                 // as for parse_server_url(); "": no server
  std::string model;               // in the server's API; "": its only one
  std::string token_file;          // with a bearer token; "": FATHOM_REMOTE_TOKEN, if it is set
  std::string ca_file;             // PEM; "": the system's
  std::string client_certificate;  // PEM; "": none
  std::string client_key;          // PEM; "": in the certificate's file
  bool allow_unencrypted = false;  // http:// to other machines

  bool operator==(const RemoteServer&) const = default;
};

/// "https://gpu.example:8080", what a server is known by and consent is given for; "" if there is
/// none or its address is no address.
std::string origin_of(const RemoteServer& server);

/// Whether what is sent to an origin can be read on its way.
bool is_unencrypted(std::string_view origin);

}  // namespace fathom::completion
