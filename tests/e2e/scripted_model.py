"""A model that says what a test wants: a GGUF file with one layer that does nothing.

Each piece of the text is a token of its own, whose embedding is an axis of its own; the row of the next piece in the
output matrix is the same axis. All other tokens share the first axis. So whatever it is asked, it says the pieces in
their order, with a probability of nearly 1, and ends. `fathom` loads and runs it like any other model.
"""

from __future__ import annotations

import pathlib
import struct

U32, F32, STRING, ARRAY, I32 = 4, 6, 8, 9, 5
LOGIT = 40.0
ALIGNMENT = 32


def byte_alphabet() -> list[str]:
    """The characters that GPT-2's tokenizers write bytes with."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def number(key: str, value: int | float) -> bytes:
    kind, form = (F32, "<f") if isinstance(value, float) else (U32, "<I")
    return string(key) + struct.pack("<I", kind) + struct.pack(form, value)


def text(key: str, value: str) -> bytes:
    return string(key) + struct.pack("<I", STRING) + string(value)


def array(key: str, kind: int, content: list[bytes]) -> bytes:
    return string(key) + struct.pack("<IIQ", ARRAY, kind, len(content)) + b"".join(content)


def floats(rows: int, columns: int, ones: dict[int, int], value: float) -> bytes:
    """A matrix of zeros with one value in some rows: {row: column}."""
    zeros = bytes(4 * columns)
    one = struct.pack("<f", value)
    return b"".join(zeros[:4 * ones[row]] + one + zeros[4 * ones[row] + 4:] if row in ones else zeros
                    for row in range(rows))


def write_model(path: pathlib.Path, said: str, piece_characters: int = 64) -> None:
    alphabet = byte_alphabet()
    pieces = [said[i:i + piece_characters] for i in range(0, len(said), piece_characters)]
    tokens = [*alphabet, *("".join(alphabet[b] for b in piece.encode()) for piece in pieces), "<end>"]
    first, end = 256, 256 + len(pieces)
    if len(set(tokens)) != len(tokens):
        raise ValueError("two pieces are the same: choose other lengths")
    dim = 32 * ((len(pieces) + 32) // 32)
    axis = {token: max(0, token - first + 1) for token in range(len(tokens))}  # of the token
    before = {first + i: i for i in range(len(pieces) + 1)}  # the axis that the token follows
    width = 32
    tensors = {
        "token_embd.weight": (len(tokens), dim, floats(len(tokens), dim, axis | {end: 0}, 1.0)),
        "output.weight": (len(tokens), dim, floats(len(tokens), dim, before, LOGIT / dim**0.5)),
        "output_norm.weight": (1, dim, struct.pack("<f", 1.0) * dim),
        "blk.0.attn_norm.weight": (1, dim, struct.pack("<f", 1.0) * dim),
        "blk.0.ffn_norm.weight": (1, dim, struct.pack("<f", 1.0) * dim),
        **{f"blk.0.{name}.weight": (rows, columns, bytes(4 * rows * columns))
           for name, rows, columns in (("attn_q", width, dim), ("attn_k", width, dim), ("attn_v", width, dim),
                                       ("attn_output", dim, width), ("ffn_gate", width, dim), ("ffn_up", width, dim),
                                       ("ffn_down", dim, width))},
    }
    values = [
        text("general.architecture", "llama"), text("general.name", "scripted"),
        number("llama.block_count", 1), number("llama.context_length", 16384), number("llama.embedding_length", dim),
        number("llama.feed_forward_length", width), number("llama.attention.head_count", 1),
        number("llama.attention.head_count_kv", 1), number("llama.attention.key_length", width),
        number("llama.attention.value_length", width), number("llama.attention.layer_norm_rms_epsilon", 1e-6),
        number("llama.rope.dimension_count", width), number("llama.vocab_size", len(tokens)),
        text("tokenizer.ggml.model", "gpt2"), text("tokenizer.ggml.pre", "deepseek-v3"),
        array("tokenizer.ggml.tokens", STRING, [string(token) for token in tokens]),
        array("tokenizer.ggml.token_type", I32, [struct.pack("<i", 3 if i == end else 1) for i in range(len(tokens))]),
        array("tokenizer.ggml.merges", STRING, []),
        number("tokenizer.ggml.eos_token_id", end),
    ]
    infos, data = b"", b""
    for name, (rows, columns, content) in tensors.items():
        shape = (columns,) if rows == 1 else (columns, rows)
        infos += string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        infos += struct.pack("<IQ", 0, len(data))
        data += content + bytes(-len(content) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values)) + b"".join(values) + infos
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + data)
