"""One GGUF model in this process, through llama.cpp's C interface.

The low-level bindings are used rather than ``llama_cpp.Llama``: they allow several sequences in one
context, and per token they cost microseconds where the high-level loop re-reads the whole
vocabulary. Not thread-safe: one thread.
"""

from __future__ import annotations

import ctypes
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from claimbench.errors import ContextOverflow, ModelError, ServerFault, Timeout
from claimbench_providers.llama.log import LlamaLog
from claimbench_providers.llama.prefix import PrefixSlots, Slot
from claimbench_providers.llama.sampling import GrammarCache, Logits

MOST_OUTPUTS = 64
"""Rows of logits asked for in one batch; the default (one per token of the batch) reserves hundreds
of megabytes.
"""

FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
"""llama.cpp's ``llama_flash_attn_type``."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Say how to load a model. ``n_ctx`` is per slot; ``n_gpu_layers`` -1 means all."""

    path: Path
    n_ctx: int
    n_batch: int
    n_threads: int
    n_slots: int
    n_gpu_layers: int = 0
    flash_attn: str = "auto"
    lora: Path | None = None
    lora_scale: float = 1.0


@dataclass(slots=True)
class Evaluated:
    """A prompt in the cache: its slot, the logits after it, tokens in all and tokens that were
    reused.
    """

    slot: Slot
    logits: Logits
    n_prompt: int
    n_reused: int


class Engine:
    """A loaded model with its context; raises ModelError if llama.cpp cannot load it."""

    def __init__(
        self, settings: EngineSettings, loaded: Callable[[int], None] = lambda _percent: None
    ) -> None:
        from llama_cpp import llama_cpp as low

        self._loaded = loaded
        self._control: re.Pattern[str] | None = None
        self._special: dict[str, int] = {}

        self.low: Any = low
        self.settings = settings
        self.log = LlamaLog(low)
        self.interrupted = False
        self._model: Any = None
        self._context: Any = None
        self._adapter: Any = None
        self._pieces: dict[int, bytes] = {}
        self.metadata: dict[str, str] = {}
        try:
            with self.log.capture():
                self._open()
        except BaseException:
            self.close()
            raise
        self.grammars = GrammarCache(low, self.vocab)
        self.slots = PrefixSlots(settings.n_slots)
        self.memory = low.llama_get_memory(self._context)
        self._make_batch(settings.n_batch)
        self._warm_up()

    def _open(self) -> None:
        low, settings = self.low, self.settings
        low.llama_backend_init()
        params = low.llama_model_default_params()
        params.n_gpu_layers = 0x7FFFFFFF if settings.n_gpu_layers == -1 else settings.n_gpu_layers
        heard = low.llama_progress_callback(self._heard())
        params.progress_callback = heard
        self._model = low.llama_model_load_from_file(str(settings.path).encode(), params)
        if not self._model:
            raise ModelError(
                f"llama.cpp cannot load {settings.path}:"
                f" {self.log.reason() or 'it gave no reason'}",
                hint="the file is damaged, or of an architecture newer than this llama-cpp-python",
            )
        self.vocab = low.llama_model_get_vocab(self._model)
        self.n_vocab = int(low.llama_vocab_n_tokens(self.vocab))
        self.n_ctx_train = int(low.llama_model_n_ctx_train(self._model))
        self.metadata = self._read_metadata()
        context = low.llama_context_default_params()
        context.n_ctx = settings.n_ctx * settings.n_slots
        context.n_batch = settings.n_batch
        context.n_ubatch = min(settings.n_batch, 512)
        context.n_seq_max = settings.n_slots
        context.n_outputs_max = min(MOST_OUTPUTS, settings.n_batch)
        context.n_threads = context.n_threads_batch = settings.n_threads
        context.kv_unified = False
        context.flash_attn_type = FLASH_ATTENTION[settings.flash_attn]
        context.no_perf = False
        self._context = low.llama_init_from_model(self._model, context)
        if not self._context:
            raise ModelError(
                f"llama.cpp cannot make a context of {settings.n_slots} x {settings.n_ctx} tokens"
                f" for {settings.path.name}: {self.log.reason() or 'it gave no reason'}",
                hint="lower options.n_ctx or options.prefix_slots",
            )
        self.n_ctx = int(low.llama_n_ctx_seq(self._context))
        if settings.lora is not None:
            self._add_lora(settings.lora)

    def _heard(self) -> Callable[[float, Any], bool]:
        """Return llama.cpp's callback: it tells each quarter of a loading that takes a while."""
        said = {0, 100}
        began = time.monotonic()

        def tell(share: float, _data: Any) -> bool:
            quarter = int(share * 4) * 25
            if quarter not in said and time.monotonic() - began > 1:
                said.add(quarter)
                self._loaded(quarter)
            return True

        return tell

    def _add_lora(self, path: Path) -> None:
        low = self.low
        self._adapter = low.llama_adapter_lora_init(self._model, str(path).encode())
        if not self._adapter:
            raise ModelError(
                f"the LoRA adapter {path} cannot be used with {self.settings.path.name}:"
                f" {self.log.reason()}",
                hint="it must be a GGUF adapter made for this very model",
            )
        adapters = (low.llama_adapter_lora_p_ctypes * 1)(self._adapter)
        scales = (ctypes.c_float * 1)(self.settings.lora_scale)
        if low.llama_set_adapters_lora(self._context, adapters, 1, scales):
            raise ModelError(f"llama.cpp refuses the LoRA adapter {path}: {self.log.reason()}")

    def _read_metadata(self) -> dict[str, str]:
        low, found = self.low, {}
        for i in range(low.llama_model_meta_count(self._model)):
            texts = []
            for read in (low.llama_model_meta_key_by_index, low.llama_model_meta_val_str_by_index):
                length = read(self._model, i, None, 0)
                buffer = ctypes.create_string_buffer(length + 1)
                read(self._model, i, buffer, length + 1)
                texts.append(buffer.value.decode("utf-8", "replace"))
            found[texts[0]] = texts[1]
        return found

    def _make_batch(self, n: int) -> None:
        low, pointer = self.low, ctypes.POINTER(ctypes.c_int32)
        self._tokens = np.zeros(n, np.int32)
        self._positions = np.zeros(n, np.int32)
        self._counts = np.ones(n, np.int32)
        self._outputs = np.zeros(n, np.int8)
        # Every token belongs to one sequence, the same for the whole batch: all pointers share one
        # cell.
        self._sequence = ctypes.c_int32(0)
        self._sequences = (pointer * n)(*[ctypes.pointer(self._sequence)] * n)
        batch = low.llama_batch()
        batch.token = self._tokens.ctypes.data_as(pointer)
        batch.pos = self._positions.ctypes.data_as(pointer)
        batch.n_seq_id = self._counts.ctypes.data_as(pointer)
        batch.seq_id = ctypes.cast(self._sequences, ctypes.POINTER(pointer))
        batch.logits = self._outputs.ctypes.data_as(ctypes.POINTER(ctypes.c_int8))
        self._batch = batch

    def _warm_up(self) -> None:
        # The first evaluation reads the weights from disk; that belongs to loading, not to the
        # first call.
        with self.log.capture():
            slot = Slot(0)
            self.decode(slot, [max(0, self.bos)])
            self.load_ms = float(self.low.llama_perf_context(self._context).t_load_ms)
            self.low.llama_memory_clear(self.memory, True)
            self.low.llama_perf_context_reset(self._context)

    # Text and tokens

    @property
    def bos(self) -> int:
        """The token that begins a text; -1 if the model has none."""
        return int(self.low.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> int:
        """The token that ends a text; -1 if the model has none."""
        return int(self.low.llama_vocab_eos(self.vocab))

    def token_text(self, token: int) -> str:
        """A token as the vocabulary spells it; empty for -1."""
        if token < 0:
            return ""
        return str(self.low.llama_vocab_get_text(self.vocab, token).decode("utf-8", "replace"))

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Token ids. ``add_special``: with the model's own opening token; ``parse_special``: read
        control tokens.
        """
        data = text.encode("utf-8")
        size = len(data) + 16
        while True:
            ids = (ctypes.c_int32 * size)()
            n = self.low.llama_tokenize(
                self.vocab, data, len(data), ids, size, add_special, parse_special
            )
            if n >= 0:
                return list(ids[:n])
            size = -n

    @property
    def control_texts(self) -> re.Pattern[str] | None:
        """Match the spellings of all control tokens, the longest first; None if there are none."""
        if self._control is None:
            low = self.low
            wanted = low.LLAMA_TOKEN_ATTR_CONTROL | low.LLAMA_TOKEN_ATTR_UNKNOWN
            for token in range(self.n_vocab):
                if low.llama_vocab_get_attr(self.vocab, token) & wanted:
                    text = self.token_text(token)
                    if len(text) > 1:
                        self._special[text] = token
            spelled = sorted(self._special, key=len, reverse=True)
            self._control = re.compile("|".join(map(re.escape, spelled)) or r"(?!)")
        return self._control if self._special else None

    def tokenize_apart(self, text: str, mark: str) -> list[int]:
        """Return the token ids of a rendered prompt in which ``mark`` breaks what the contents
        spell of control tokens; without a mark the whole is read as it is.

        The template's own control tokens are found first, as llama.cpp does; each text between two
        of them is then read without any.
        """
        if not mark:
            return self.tokenize(text, add_special=False, parse_special=True)
        control = self.control_texts
        ids: list[int] = []
        at = 0
        while at < len(text):
            found = None if control is None else control.search(text, at)
            end = len(text) if found is None else found.start()
            before = text[at:end]
            token = None if found is None else self._special[found.group()]
            if token is not None and self._strips(token, "LSTRIP"):
                before = before.rstrip()
            if before:
                plain = before.replace(mark, "")
                ids += self.tokenize(plain, add_special=False, parse_special=False)
            if found is None or token is None:
                break
            ids.append(token)
            at = found.end()
            if self._strips(token, "RSTRIP"):
                at += len(text[at:]) - len(text[at:].lstrip())
        return ids

    def _strips(self, token: int, side: str) -> bool:
        flag = getattr(self.low, f"LLAMA_TOKEN_ATTR_{side}")
        return bool(self.low.llama_vocab_get_attr(self.vocab, token) & flag)

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for; control tokens are empty."""
        piece = self._pieces.get(token)
        if piece is None:
            size = 64
            while True:
                buffer = ctypes.create_string_buffer(size)
                n = self.low.llama_token_to_piece(self.vocab, token, buffer, size, 0, False)
                if n >= 0:
                    break
                size = -n
            piece = self._pieces[token] = buffer.raw[:n]
        return piece

    def ends(self, token: int) -> bool:
        """Tell whether the token ends the generation."""
        return bool(self.low.llama_vocab_is_eog(self.vocab, token))

    # Evaluation

    def check_room(self, n_prompt: int, n_new: int) -> None:
        """Raise ContextOverflow, with the numbers, if prompt and answer do not fit the context."""
        if n_prompt + n_new > self.n_ctx:
            raise ContextOverflow(
                f"{n_prompt} prompt tokens and max_tokens {n_new} make {n_prompt + n_new}, "
                f"but the context holds {self.n_ctx}",
                hint=(
                    f"raise options.n_ctx (the model was trained for {self.n_ctx_train}), shorten"
                    " the prompt or lower max_tokens"
                ),
                billable="no",
            )

    def evaluate(self, key: str, prompt: Sequence[int], conversation: str = "") -> Evaluated:
        """Bring ``prompt`` into the slot of ``key``, reusing what the slot has of it; at least one
        token is new.
        """
        plan = self.slots.plan(key, prompt, conversation)
        slot, keep = plan.slot, plan.keep
        held = slot.tokens
        slot.tokens = []  # until the evaluation is through, nothing may be taken for granted
        try:
            if not self.low.llama_memory_seq_rm(self.memory, slot.index, keep, -1):
                # Recurrent states cannot be cut: start over.
                self.low.llama_memory_seq_rm(self.memory, slot.index, 0, -1)
                keep = 0
            slot.tokens = list(held[:keep])
            if keep < plan.border:
                self.decode(slot, prompt[keep : plan.border])
                keep_from = plan.border
            else:
                keep_from = keep
            logits = self.decode(slot, prompt[keep_from:])
        except BaseException:
            self.forget(slot)
            raise
        return Evaluated(slot, logits, len(prompt), keep)

    def forget(self, slot: Slot) -> None:
        """Empty a slot whose contents are in doubt."""
        self.low.llama_memory_seq_rm(self.memory, slot.index, 0, -1)
        slot.tokens = []
        slot.prefix_ready = False
        slot.border = None
        slot.conversation = ""

    def decode(self, slot: Slot, tokens: Sequence[int]) -> Logits:
        """Append ``tokens`` (not empty) to a slot; the logits after the last, valid until the next
        call.
        """
        size = self.settings.n_batch
        for start in range(0, len(tokens), size):
            part = tokens[start : start + size]
            self._run(slot, part, every=False)
        return self._row(-1)

    def decode_rows(self, slot: Slot, tokens: Sequence[int]) -> list[Logits]:
        """Append ``tokens`` to a slot; a copy of the logits after each of them."""
        rows: list[Logits] = []
        size = min(MOST_OUTPUTS, self.settings.n_batch)
        for start in range(0, len(tokens), size):
            part = tokens[start : start + size]
            self._run(slot, part, every=True)
            rows.extend(self._row(i).copy() for i in range(len(part)))
        return rows

    def _run(self, slot: Slot, tokens: Sequence[int], *, every: bool) -> None:
        if self.interrupted:
            raise Timeout("the engine was told to stop", billable="no")
        n, past = len(tokens), len(slot.tokens)
        self._tokens[:n] = tokens
        self._positions[:n] = np.arange(past, past + n, dtype=np.int32)
        self._outputs[:n] = 1 if every else 0
        self._outputs[n - 1] = 1
        self._sequence.value = slot.index
        self._batch.n_tokens = n
        status = self.low.llama_decode(self._context, self._batch)
        if status:
            raise ServerFault(
                f"llama.cpp failed to evaluate {n} tokens (status {status}): {self.log.reason()}"
            )
        slot.tokens.extend(tokens)

    def _row(self, index: int) -> Logits:
        pointer = self.low.llama_get_logits_ith(self._context, index)
        if not pointer:
            raise ServerFault(f"llama.cpp gave no logits: {self.log.reason()}")
        address = ctypes.addressof(pointer.contents)
        row: Logits = np.frombuffer(
            memoryview((ctypes.c_float * self.n_vocab).from_address(address)), np.float32
        )
        return row

    def cut(self, slot: Slot, length: int) -> bool:
        """Drop a slot's tokens from ``length`` on; False (and an empty slot) if the model
        cannot.
        """
        if self.low.llama_memory_seq_rm(self.memory, slot.index, length, -1):
            del slot.tokens[length:]
            return True
        self.forget(slot)
        return False

    # Figures

    def reset_timings(self) -> None:
        """Start llama.cpp's counters anew."""
        self.low.llama_perf_context_reset(self._context)

    def timings(self) -> dict[str, float]:
        """llama.cpp's own milliseconds since the reset: prompt evaluation (batches) and generation
        (single tokens).
        """
        self.low.llama_synchronize(self._context)
        data = self.low.llama_perf_context(self._context)
        return {"prompt_ms": float(data.t_p_eval_ms), "predicted_ms": float(data.t_eval_ms)}

    def layers_offloaded(self) -> tuple[int, int]:
        """Layers on the GPU and layers in all (the output layer included), as llama.cpp logged them
        while loading.
        """
        import re

        for line in self.log.lines:
            found = re.search(r"offloaded (\d+)/(\d+) layers to GPU", line)
            if found:
                return int(found[1]), int(found[2])
        return 0, int(self.low.llama_model_n_layer(self._model)) + 1

    def facts(self) -> dict[str, Any]:
        """Return what llama.cpp says of the model and of itself."""
        buffer = ctypes.create_string_buffer(256)
        self.low.llama_model_desc(self._model, buffer, 256)
        return {
            "model_description": buffer.value.decode("utf-8", "replace"),
            "n_params": int(self.low.llama_model_n_params(self._model)),
            "model_bytes": int(self.low.llama_model_size(self._model)),
            "llama_load_ms": round(self.load_ms, 1),
            "system_info": self.low.llama_print_system_info().decode("utf-8", "replace").strip(),
        }

    def close(self) -> None:
        """Free everything; idempotent."""
        if getattr(self, "grammars", None) is not None:
            self.grammars.close()
        if self._context:
            self.low.llama_free(self._context)
        if self._adapter:
            self.low.llama_adapter_lora_free(self._adapter)
        if self._model:
            self.low.llama_model_free(self._model)
        self._context = self._adapter = self._model = None
