"""The options of a ``llama_cpp`` arm; described in :mod:`claimbench_providers.llama.provider`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from claimbench.errors import PluginError
from claimbench.types import Arm, Json
from claimbench_providers.arm_options import ArmOptions

OPTIONS = (
    "n_ctx",
    "n_threads",
    "n_batch",
    "n_gpu_layers",
    "chat_template",
    "template_vars",
    "reasoning",
    "lora",
    "lora_scale",
    "prefix_slots",
    "top_k",
    "min_p",
    "flash_attn",
    "omit",
)
DEFAULT_N_CTX = 4096


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """Checked, with defaults filled in; ``n_ctx`` None: by the model."""

    n_ctx: int | None
    n_threads: int
    n_batch: int
    n_gpu_layers: int
    chat_template: str
    template_vars: Mapping[str, Json]
    reasoning: str
    lora: str | None
    lora_scale: float
    n_slots: int
    top_k: int
    min_p: float
    flash_attn: str
    omit: tuple[str, ...]


def llama_options(arm: Arm) -> LlamaOptions:
    """Read an arm's options; PluginError names what is wrong."""
    options = ArmOptions(arm, OPTIONS)
    return LlamaOptions(
        n_ctx=options.integer("n_ctx", None, least=8),
        n_threads=options.integer("n_threads", None, least=1) or usable_cpus(),
        n_batch=options.integer("n_batch", 512, least=1) or 512,
        n_gpu_layers=options.integer("n_gpu_layers", 0, least=-1) or 0,
        chat_template=options.text("chat_template", "gguf") or "gguf",
        template_vars=options.mapping("template_vars"),
        reasoning=options.text("reasoning", "auto", choices=("auto", "none")) or "auto",
        lora=options.text("lora"),
        lora_scale=options.real("lora_scale", 1.0, least=-100, most=100),
        n_slots=options.integer("prefix_slots", 4, least=1) or 4,
        top_k=options.integer("top_k", 0, least=0) or 0,
        min_p=options.real("min_p", 0.0, least=0, most=1),
        flash_attn=options.text("flash_attn", "auto", choices=("auto", "on", "off")) or "auto",
        omit=_omit(arm, options),
    )


def _omit(arm: Arm, options: ArmOptions) -> tuple[str, ...]:
    """Return what the arm leaves out of what the suite says; the engine takes all but the effort,
    which needs a template that reads it.
    """
    omit = options.texts("omit")
    for name in omit:
        if name != "reasoning_effort":
            raise PluginError(
                f"arm {arm.name!r}: omit: {name} does nothing here, for llama_cpp takes it",
                hint="only reasoning_effort can be omitted",
                option="omit",
            )
    return omit


def usable_cpus() -> int:
    """CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
