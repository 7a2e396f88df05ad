#include "completion/remote/http_client.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/completion/remote/scripted_server.h"
#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Take = HttpClient::Take;

/// Times that a test may wait for to pass.
constexpr HttpTimes kShort{.connect = 200ms, .tls = 200ms, .answer = 200ms, .event = 200ms};

class Client : public testing::Test {
 protected:
  HttpSettings settings_for(const ScriptedServer& server) {
    return {.url = parse_server_url(server.url()).value()};
  }

  /// Its answer; `on_body` as in send().
  HttpResult fetch(HttpSettings settings, HttpClient::OnBody on_body = {}) {
    client_ = HttpClient::create(io_.get_executor(), std::move(settings)).value();
    return fetch_again(std::move(on_body));
  }
  HttpResult fetch_again(const HttpClient::OnBody& on_body = {}) {
    std::optional<HttpResult> result;
    HttpCall call;
    boost::asio::co_spawn(io_, client_->send(request_, call, on_body),
                          [&](const std::exception_ptr& error, HttpResult found) {
                            EXPECT_FALSE(error);
                            result = std::move(found);
                          });
    io_.restart();
    io_.run();
    return std::move(*result);
  }
  std::string failure(HttpSettings settings, HttpClient::OnBody on_body = {}) {
    const HttpResult result = fetch(std::move(settings), std::move(on_body));
    return result ? "" : result.error().error.message;
  }

  const HttpRequest request_{.path = "/x", .body = "{}"};
  boost::asio::io_context io_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(Client, SendsARequestAndGivesTheAnswer) {
  const ScriptedServer server(
      [](const ReceivedRequest&, Peer& peer) { peer.reply(200, R"({"a":1})"); });
  HttpSettings settings = settings_for(server);
  settings.token = "s3cret";
  settings.url.base = "/base";
  const HttpResult result = fetch(std::move(settings));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, R"({"a":1})");
  const ReceivedRequest request = server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/base/x");
  EXPECT_EQ(request.body, "{}");
  EXPECT_THAT(request.head,
              AllOf(HasSubstr("Authorization: Bearer s3cret\r\n"), HasSubstr("Host: 127.0.0.1:"),
                    HasSubstr("Content-Type: application/json\r\n")));
}

TEST_F(Client, UsesAConnectionAgain) {
  const ScriptedServer server([](const ReceivedRequest&, Peer& peer) { peer.reply(200, "{}"); });
  EXPECT_TRUE(fetch(settings_for(server)));
  EXPECT_TRUE(fetch_again());
  EXPECT_EQ(server.n_requests("/x"), 2);
  EXPECT_EQ(server.n_connections(), 1);
}

TEST_F(Client, MakesANewConnectionWhereTheServerHasLetGo) {
  std::atomic<int> n = 0;
  const ScriptedServer server([&](const ReceivedRequest&, Peer& peer) {
    peer.reply(200, "{}");
    if (n++ == 0) peer.close();
  });
  EXPECT_TRUE(fetch(settings_for(server)));
  EXPECT_TRUE(fetch_again());
  EXPECT_EQ(server.n_connections(), 2);
}

TEST_F(Client, GivesABodyAsItComes) {
  const ScriptedServer server([&](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    for (const char* bytes : {"one ", "two ", "three"}) peer.chunk(bytes);
    peer.end_stream();
  });
  std::string body;
  ASSERT_TRUE(fetch(settings_for(server), [&](std::string_view bytes) {
    body += bytes;
    return Take::progress;
  }));
  EXPECT_EQ(body, "one two three");
}

TEST_F(Client, ClosesAtOnceWhenItHasEnough) {
  const ScriptedServer server([&](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    peer.chunk("one");
    peer.wait_until_gone();
  });
  EXPECT_TRUE(fetch(settings_for(server), [](std::string_view) { return Take::enough; }));
}

TEST_F(Client, SaysThatNobodyListens) {
  HttpSettings settings;
  {
    const ScriptedServer server([](const ReceivedRequest&, Peer&) {});
    settings = settings_for(server);
  }
  EXPECT_THAT(failure(settings), HasSubstr("is the server running?"));
}

TEST_F(Client, DoesNotWaitForAnAnswerForEver) {
  const ScriptedServer server([](const ReceivedRequest&, Peer& peer) { peer.wait_until_gone(); });
  HttpSettings settings = settings_for(server);
  settings.times = kShort;
  const HttpResult result = fetch(std::move(settings));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().error.message, HasSubstr("did not answer within 200 ms"));
  EXPECT_TRUE(result.error().timed_out);
}

TEST_F(Client, DoesNotWaitForHeadersThatComeByTheByte) {
  const ScriptedServer server([](const ReceivedRequest&, Peer& peer) {
    for (const char c : std::string("HTTP/1.1 200 OK\r\nX: ") + std::string(100'000, 'x')) {
      if (!peer.send(std::string(1, c))) return;
      std::this_thread::sleep_for(1ms);
    }
  });
  HttpSettings settings = settings_for(server);
  settings.times = kShort;
  EXPECT_THAT(failure(std::move(settings)), HasSubstr("within 200 ms before it answered"));
}

TEST_F(Client, DoesNotWaitForAStreamThatSaysNothing) {
  const ScriptedServer server([](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    while (peer.chunk(": still here\n\n")) std::this_thread::sleep_for(5ms);
  });
  HttpSettings settings = settings_for(server);
  settings.times = kShort;
  EXPECT_THAT(failure(std::move(settings), [](std::string_view) { return Take::more; }),
              HasSubstr("within 200 ms in the middle of its answer"));
}

TEST_F(Client, SaysThatAnAnswerBrokeOff) {
  const ScriptedServer closing([](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    peer.chunk("data: ha");
    peer.close();
  });
  const HttpResult closed =
      fetch(settings_for(closing), [](std::string_view) { return Take::more; });
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().error.message, HasSubstr("closed the connection in the middle"));
  EXPECT_TRUE(closed.error().answered);

  const ScriptedServer resetting([](const ReceivedRequest&, Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    peer.reset();
  });
  EXPECT_THAT(failure(settings_for(resetting)), HasSubstr("closed the connection"));
}

TEST_F(Client, RefusesWhatIsNotHttpAndWhatIsTooLong) {
  const ScriptedServer ssh([](const ReceivedRequest&, Peer& peer) {
    peer.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    peer.close();
  });
  EXPECT_NE(failure(settings_for(ssh)), "");
  const ScriptedServer headers([](const ReceivedRequest&, Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n");
  });
  EXPECT_NE(failure(settings_for(headers)), "");
  const ScriptedServer error(
      [](const ReceivedRequest&, Peer& peer) { peer.reply(500, std::string(1 << 20, 'x')); });
  EXPECT_THAT(failure(settings_for(error)), HasSubstr("is longer than 65536 bytes"));
  const ScriptedServer chunk([](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    peer.send("fffffffffffffffff\r\nx");
  });
  EXPECT_NE(failure(settings_for(chunk)), "");
}

TEST_F(Client, FollowsNoRedirect) {
  const ScriptedServer server([](const ReceivedRequest&, Peer& peer) {
    peer.reply(307, "", "Location: https://evil.example/\r\n");
  });
  const HttpResult result = fetch(settings_for(server));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 307);
  EXPECT_EQ(result->location, "https://evil.example/");
  EXPECT_EQ(server.n_connections(), 1);
}

TEST_F(Client, ReadsHowLongToWait) {
  std::string header;
  const ScriptedServer server([&](const ReceivedRequest&, Peer& peer) {
    peer.reply(503, "{}", "Retry-After: " + header + "\r\n");
  });
  for (const auto& [text, seconds] : std::vector<std::pair<std::string, std::optional<int>>>{
           {"7", 7},
           {"-1", {}},
           {"soon", {}},
           {"99999999999", 86400},
           {"Wed, 21 Oct 2015 07:28:00 GMT", {}}}) {
    header = text;
    const HttpResult result = fetch(settings_for(server));
    ASSERT_TRUE(result);
    ASSERT_EQ(result->retry_after.has_value(), seconds.has_value()) << text;
    if (seconds) {
      EXPECT_EQ(result->retry_after->count(), *seconds);
    }
  }
}

TEST_F(Client, IsStoppedWhereverItWaits) {
  const ScriptedServer server([](const ReceivedRequest&, Peer& peer) {
    peer.begin_stream();
    peer.chunk("one");
    peer.wait_until_gone();
  });
  client_ = HttpClient::create(io_.get_executor(), settings_for(server)).value();
  HttpCall call;
  const HttpClient::OnBody on_body = [&](std::string_view) {
    call.abort();
    return Take::progress;
  };
  bool is_over = false;
  boost::asio::co_spawn(io_, client_->send(request_, call, on_body),
                        [&](const std::exception_ptr&, const HttpResult& result) {
                          ASSERT_FALSE(result);
                          EXPECT_EQ(result.error().error.code, ErrorCode::cancelled);
                          is_over = true;
                        });
  io_.run();
  EXPECT_TRUE(is_over);
}

class TlsClient : public Client {
 protected:
  /// A certificate for `name` that signs itself.
  ScriptedServer::TlsFiles make_certificate(const std::string& name) {
    const std::string key = (dir_.path() / (name + ".key")).string();
    const std::string certificate = (dir_.path() / (name + ".pem")).string();
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
        "-subj /CN=" +
        name + " -addext subjectAltName=" + (name == "127.0.0.1" ? "IP:" : "DNS:") + name +
        " -keyout '" + key + "' -out '" + certificate + "' 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return {.certificate = certificate, .key = key, .client_ca = ""};
  }

  static void answer(const ReceivedRequest&, Peer& peer) { peer.reply(200, "{}"); }

  test::TempDir dir_;
};

TEST_F(TlsClient, TrustsWhomItIsToldToTrust) {
  const ScriptedServer::TlsFiles files = make_certificate("127.0.0.1");
  const ScriptedServer server(answer, files);
  HttpSettings settings = settings_for(server);
  EXPECT_THAT(failure(settings),
              AllOf(HasSubstr("is not one to trust"), HasSubstr("remote.ca_file")));
  EXPECT_EQ(server.n_requests("/x"), 0);
  settings.ca_file = files.certificate;
  EXPECT_EQ(failure(settings), "");
  EXPECT_EQ(server.n_requests("/x"), 1);
}

TEST_F(TlsClient, RefusesTheCertificateOfAnotherHost) {
  const ScriptedServer::TlsFiles files = make_certificate("other.example");
  const ScriptedServer server(answer, files);
  HttpSettings settings = settings_for(server);
  settings.ca_file = files.certificate;
  EXPECT_NE(failure(settings), "");
  EXPECT_EQ(server.n_requests("/x"), 0);
}

TEST_F(TlsClient, ShowsItsOwnCertificate) {
  ScriptedServer::TlsFiles files = make_certificate("127.0.0.1");
  const ScriptedServer::TlsFiles own = make_certificate("me");
  files.client_ca = own.certificate;
  const ScriptedServer server(answer, files);
  HttpSettings settings = settings_for(server);
  settings.ca_file = files.certificate;
  EXPECT_NE(failure(settings), "");
  settings.client_certificate = own.certificate;
  settings.client_key = own.key;
  EXPECT_EQ(failure(settings), "");
}

TEST_F(TlsClient, NamesTheFileThatCannotBeRead) {
  HttpSettings settings{.url = parse_server_url("https://localhost:1").value(),
                        .ca_file = "/nowhere/ca.pem"};
  const auto client = HttpClient::create(io_.get_executor(), settings);
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().message, HasSubstr("remote.ca_file = \"/nowhere/ca.pem\""));
}

TEST_F(TlsClient, GoesThroughAProxyWithoutShowingItAnything) {
  std::string seen;
  ScriptedServer proxy([&](const ReceivedRequest& request, Peer& peer) {
    seen += request.head + request.body;
    peer.reply(502, "no");
  });
  HttpSettings settings{.url = parse_server_url("https://team.example:8443").value(),
                        .token = "s3cret",
                        .proxy = parse_server_url(proxy.url()).value()};
  EXPECT_THAT(failure(settings), HasSubstr("does not let https://team.example:8443 through"));
  EXPECT_THAT(seen,
              AllOf(HasSubstr("CONNECT team.example:8443 HTTP/1.1"), Not(HasSubstr("s3cret"))));
}

}  // namespace
}  // namespace fathom::completion
