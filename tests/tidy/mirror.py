"""tests/ mirrors the folders: engine/cache/radix.cpp is tested by tests/engine/.../radix_test.cpp.

A source that another test covers is listed here with that test.
"""

import fnmatch
import posixpath

import tidy

# Pattern of sources -> the tests that cover them.
COVERED = {
    "completion/chat/*": "tests/completion/chat/encode_chat_test.cpp, "
                         "tests/completion/chat/encode_chat_vectors_test.cpp",
    "completion/context/candidates.cpp": "tests/completion/context/cross_file_test.cpp",
    "completion/context/choose_pieces.cpp": "tests/completion/context/cross_file_test.cpp",
    "completion/context/near_names.cpp": "tests/completion/context/cross_file_test.cpp",
    "completion/context/skeleton.cpp": "tests/completion/context/cross_file_test.cpp",
    "completion/remote/discover.cpp": "tests/completion/remote/remote_generator_test.cpp",
    "completion/remote/read_json.cpp": "tests/completion/remote/llama_server_test.cpp",
    "completion/review/comment_body.cpp": "tests/completion/review/report_format_test.cpp",
    "completion/review/format_*.cpp": "tests/completion/review/report_format_test.cpp",
    "completion/review/ask_model.cpp": "tests/completion/review/reviewer_test.cpp",
    "completion/review/finding_names.cpp": "tests/completion/review/review_grammar_test.cpp",
    "completion/review/review_input.cpp": "tests/completion/review/git_repository_test.cpp",
    "completion/workspace/*import*.cpp": "tests/completion/workspace/imports_test.cpp",
    "completion/workspace/file_names.cpp": "tests/completion/workspace/imports_test.cpp",
    "completion/workspace/ignore_rules.cpp": "tests/completion/workspace/workspaces_test.cpp",
    "completion/workspace/source_file.cpp": "tests/completion/workspace/workspace_index_test.cpp",
    "completion/workspace/source_files.cpp": "tests/completion/workspace/workspaces_test.cpp",
    "completion/workspace/terms.cpp": "tests/completion/workspace/workspace_index_test.cpp",
    "completion/workspace/workspace.cpp": "tests/completion/workspace/workspaces_test.cpp",
    "completion/builtin_model.cpp": "tests/e2e/cli_test.py",
    "completion/json_*.cpp": "tests/completion/json_grammar_test.cpp",
    "completion/hosted_model.cpp": "tests/completion/model_host_test.cpp",
    "completion/model_location.cpp": "tests/e2e/cli_test.py",
    "completion/model_store/*": "tests/completion/model_store/model_store_test.cpp, "
                                "tests/e2e/pull_test.py",
    "cuda/*": "tests/cuda/matmul_test.cpp, tests/cuda/rows_test.cpp, "
              "tests/cuda/attention_test.cpp, tests/cuda/golden_test.cpp",
    "engine/backend.cpp": "tests/engine/ops_test.cpp",
    "engine/base/system.cpp": "tests/e2e/cli_test.py",
    "engine/checkpoint/*": "tests/engine/checkpoint_test.cpp, tests/engine/gguf_test.cpp",
    "engine/convert/*": "tests/engine/convert_test.cpp",
    "engine/cpu/*": "tests/engine/ops_test.cpp, tests/engine/ops_identity_test.cpp",
    "engine/generator.cpp": "tests/engine/engine_thread_test.cpp",
    "engine/kv_identity.cpp": "tests/engine/load_where_it_fits_test.cpp, "
                              "tests/engine/engine_thread_test.cpp",
    "engine/kv_runs_in_memory.cpp": "tests/engine/kv_spill_test.cpp",
    "engine/job.cpp": "tests/engine/engine_test.cpp",
    "engine/model_traits.cpp": "tests/engine/traits_test.cpp",
    "engine/models/chat_traits.cpp": "tests/engine/traits_test.cpp",
    "engine/models/fim_traits.cpp": "tests/engine/traits_test.cpp",
    "engine/read_traits.cpp": "tests/engine/traits_test.cpp",
    "engine/models/*": "tests/engine/golden_deepseek_test.cpp, "
                       "tests/engine/golden_deepseek_v3_test.cpp",
    "engine/parallel/load_side_by_side.cpp": "tests/engine/parallel/sharded_model_test.cpp",
    "engine/quant/*": "tests/engine/quant_test.cpp",
    "engine/reference/*": "tests/engine/golden_deepseek_test.cpp, tests/engine/route_test.cpp",
    "engine/split/split_layer.cpp": "tests/engine/split/split_backend_test.cpp",
    "engine/tokenizer/*": "tests/engine/tokenizer_test.cpp",
    "http/handlers/*": "tests/http/api_test.cpp",
    "http/fim_prompt.cpp": "tests/http/api_test.cpp",
    "http/generation.cpp": "tests/http/api_test.cpp",
    "http/openai_reply.cpp": "tests/http/api_test.cpp",
    "http/reply.cpp": "tests/http/api_test.cpp",
    "http/response_format.cpp": "tests/http/api_test.cpp",
    "http/connection.cpp": "tests/e2e/http_test.py",
    "http/http_server.cpp": "tests/e2e/http_test.py",
    "lsp/client_state.cpp": "tests/lsp/door_test.cpp, tests/lsp/local_server_test.cpp",
    "lsp/listen_at.cpp": "tests/lsp/server_test.cpp, tests/e2e/http_test.py",
    "lsp/door_server.cpp": "tests/e2e/daemon_kill_test.py, tests/e2e/daemon_hostile_test.py",
    "lsp/*_jobs.cpp": "tests/lsp/completion_test.cpp, tests/lsp/explain_test.cpp, "
                      "tests/lsp/review_test.cpp",
    "lsp/event_loop.cpp": "tests/lsp/transport_stdio_test.cpp, tests/lsp/transport_stream_test.cpp",
    "lsp/first_words.cpp": "tests/lsp/code_action_test.cpp",
    "lsp/handlers/*": "tests/lsp/completion_test.cpp, tests/lsp/documents_test.cpp, "
                      "tests/lsp/explain_test.cpp, tests/lsp/lifecycle_test.cpp, "
                      "tests/lsp/review_test.cpp",
    "lsp/model_request.cpp": "tests/lsp/explain_test.cpp, tests/lsp/review_test.cpp",
    "lsp/pause.cpp": "tests/lsp/warm_up_test.cpp",
    "lsp/progress.cpp": "tests/lsp/explain_test.cpp",
    "lsp/protocol.cpp": "tests/lsp/lifecycle_test.cpp, tests/lsp/completion_test.cpp",
    "lsp/reply.cpp": "tests/lsp/router_test.cpp",
    "lsp/review_task.cpp": "tests/lsp/review_test.cpp",
    "lsp/server_connection.cpp": "tests/lsp/server_test.cpp",
    "lsp/session.cpp": "tests/lsp/lifecycle_test.cpp",
}


def check(tree):
    unused = set(COVERED)
    for path in tree.matching(("engine/", "cuda/", "completion/", "lsp/", "http/"), (".cpp", ".cu")):
        top = path.split("/")[0]
        stem = posixpath.splitext(posixpath.basename(path))[0]
        if any(posixpath.basename(t) == f"{stem}_test.cpp"
               for t in tree.matching((f"tests/{top}/",), (".cpp",))):
            continue
        patterns = [c for c in COVERED if fnmatch.fnmatch(path, c)]
        unused.difference_update(patterns)
        if not patterns:
            yield f"{path}: no tests/{top}/**/{stem}_test.cpp, and COVERED names no other test"
    for pattern, tests in COVERED.items():
        for test in tests.split(", "):
            if tree.files is None and not tree.exists(test):
                yield f"COVERED: {pattern}: {test} does not exist"
    if tree.files is None:
        for pattern in sorted(unused):
            yield f"COVERED: {pattern} matches no source that needs it"


SAMPLES = [
    ({"engine/a.cpp": "", "tests/engine/b_test.cpp": ""}, ["engine/a.cpp: no tests/engine/**/a_test.cpp"]),
    ({"engine/x/a.cpp": "", "tests/engine/a_test.cpp": "", "editors/cli/main.cpp": ""}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
