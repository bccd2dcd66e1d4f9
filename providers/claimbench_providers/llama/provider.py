"""Open weights in this process: GGUF models through llama-cpp-python.

Options of an arm (all optional):

=================  =================================================================================
``n_ctx``          tokens of context per call; default: what the model was trained for, at most 4,096
``n_threads``      CPU threads; default: the CPUs this process may use
``n_batch``        tokens evaluated at a time; default 512
``n_gpu_layers``   layers on the GPU, -1 for all; default 0
``chat_template``  ``gguf`` (default), ``none`` for plain completion by a base model, or a Jinja file beside the suite
``template_vars``  further variables for the template, for example ``{enable_thinking: false}``
``reasoning``      ``auto`` (default): text in ``<think>`` tags is reasoning, not answer; ``none``: keep it
``lora``           a LoRA adapter (GGUF), relative to the suite; ``lora_scale``, default 1
``prefix_slots``   tasks whose prompt prefix is kept at the same time; default 4
``top_k, min_p``   further sampling limits; default 0, which is off
``omit``           parameters of the suite not to use: ``[reasoning_effort]``
``flash_attn``     ``auto`` (default, llama.cpp decides), ``on`` or ``off``; it changes rounding, so results too
=================  =================================================================================

A reasoning effort becomes the variables of the chat template that say it (``enable_thinking``,
``reasoning_effort``, ``thinking_budget``); a template that reads none of them is an error.

A ``temperature`` the suite does not give is 0 here, ``top_p`` 1, ``seed`` 0; the manifest says what
was used.
"""  # noqa: E501 - a table

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from claimbench.errors import IntegrityError, ModelError
from claimbench.provider.contract import ContinuationScore, ProviderContext
from claimbench.provider.sent import Sent, asked
from claimbench.types import (
    Arm,
    ArmFacts,
    ConstraintKind,
    Delta,
    Done,
    Event,
    Json,
    Request,
    Usage,
    UsageReport,
)
from claimbench_providers.llama import gguf, host_memory, resident
from claimbench_providers.llama import grammar as llama_grammar
from claimbench_providers.llama import tools as llama_tools
from claimbench_providers.llama.chat import told_to_template
from claimbench_providers.llama.options import DEFAULT_N_CTX, llama_options
from claimbench_providers.models.catalogue import LocalModel, file_sha256, files_sha256, resolve
from claimbench_providers.stop_text import THINK_TAGS, TextStream


def create(arm: Arm, context: ProviderContext) -> LlamaCppProvider:
    """The provider factory named in the entry points; checks options, loads nothing."""
    return LlamaCppProvider(arm, context)


class LlamaCppProvider:
    """An :class:`~claimbench.provider.contract.InProcessProvider` for one GGUF model."""

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        self._arm = arm
        self._context = context
        self._options = llama_options(arm)
        self._engine: Any = None
        self._template: Any = None
        self._grammars: dict[str, str] = {}

    def missing(self) -> str | None:
        """See :class:`~claimbench.provider.contract.InProcessProvider`."""
        if importlib.util.find_spec("llama_cpp") is None:
            return (
                "llama-cpp-python is not installed (pip install 'claimbench[local]'; it compiles"
                " for some minutes)"
            )
        return None

    def constraint(self, request: Request) -> ConstraintKind:
        """Labels and schemas alike become grammars, and tools for want of a template."""
        held = request.labels or request.answer_schema is not None
        return "grammar" if held or self._tool_mode(request) == "grammar" else "none"

    def _tool_mode(self, request: Request) -> llama_tools.Mode:
        """Say how tools reach the model; before it is loaded its template is not known."""
        if self._engine is None:
            return "template" if request.tools else "off"
        return llama_tools.mode_of(request, self._template and self._template.source)

    def goes_to(self) -> None:
        """Return None: prompts stay in this process."""
        return

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`: what the engine is told.

        Whether a reasoning effort reaches the template is known, and checked, once it is loaded.
        """
        options = self._options
        wanted = asked(request)
        used = self._sampling(request.params)
        values: dict[str, Json] = {
            name: value
            for name, value in {**wanted, **used}.items()
            if name in wanted and name not in options.omit
        }
        values["answer_constraint"] = self.constraint(request)
        settings: dict[str, Json] = {
            "top_k": options.top_k or None,
            "min_p": options.min_p or None,
            "lora": options.lora,
        }
        added = {name: value for name, value in settings.items() if value is not None}
        effort, more = told_to_template(request, options.omit, options.template_vars)
        if effort is not None:
            values["reasoning_effort"] = effort
        omitted = tuple(name for name in wanted if name in options.omit)
        return Sent(values, added | more, omitted=omitted)

    def refuses(self, request: Request) -> str | None:
        """Say why the request's answer cannot be enforced here, with the field at fault; loads
        nothing.
        """
        if self.missing() is not None:
            return None
        if request.tools and llama_tools.is_forced(request):
            return llama_grammar.schema_fault(
                llama_tools.call_schema(llama_tools.callable_tools(request))
            )
        if request.answer_schema is None or request.labels:
            return None
        return llama_grammar.schema_fault(request.answer_schema)

    def not_here(self) -> str | None:
        """Say why the model's file cannot be found here, or None; loads nothing."""
        try:
            resolve(self._arm.model, self._context.models_dir, self._context.suite_dir)
        except ModelError as error:
            return error.message
        return None

    # Loading

    def load(self) -> ArmFacts:
        """Find, check and load the model; raises ModelError or IntegrityError."""
        from claimbench_providers.llama.engine import Engine

        if why := self.missing():
            raise ModelError(why)
        self.unload()
        model = resolve(self._arm.model, self._context.models_dir, self._context.suite_dir)
        header = gguf.read_header(model.path)
        settings = self._engine_settings(model.path, header)
        given = self._context.options.get("available_memory_bytes")
        host_memory.check_fits(model, header, settings, given if isinstance(given, int) else None)
        sha256 = self._check_hash(model)
        name = self._arm.name
        meter = resident.Meter()
        try:
            self._engine = Engine(
                settings, lambda at: self._context.progress(f"{name}: loaded {at} %")
            )
            return meter.told(self._facts(model, sha256, settings), model.size_bytes)
        except BaseException:
            meter.peak_bytes()
            self.unload()
            raise

    def _engine_settings(self, path: Path, header: gguf.GgufHeader) -> Any:
        from llama_cpp import llama_cpp as low

        from claimbench_providers.llama.engine import EngineSettings

        options = self._options
        if options.n_gpu_layers and not low.llama_supports_gpu_offload():
            raise ModelError(
                f"arm {self._arm.name!r} asks for n_gpu_layers {options.n_gpu_layers}, but this"
                " llama-cpp-python has no GPU support, or no GPU is there",
                hint="build it with `make setup GPU=1`, or set n_gpu_layers to 0",
            )
        trained = header.number("context_length")
        n_ctx = options.n_ctx or min(trained or DEFAULT_N_CTX, DEFAULT_N_CTX)
        if trained is not None and n_ctx > trained:
            raise ModelError(
                f"arm {self._arm.name!r}: options.n_ctx {n_ctx} is more than the {trained} tokens"
                f" that {self._arm.model} was trained for"
            )
        lora = None if options.lora is None else self._context.suite_dir / options.lora
        if lora is not None and not lora.is_file():
            raise ModelError(f"arm {self._arm.name!r}: the LoRA adapter {lora} does not exist")
        return EngineSettings(
            path=path,
            n_ctx=n_ctx,
            n_batch=options.n_batch,
            n_threads=options.n_threads,
            n_slots=options.n_slots,
            n_gpu_layers=options.n_gpu_layers,
            flash_attn=options.flash_attn,
            lora=lora,
            lora_scale=options.lora_scale,
        )

    def _check_hash(self, model: LocalModel) -> str:
        sha256 = files_sha256(model.parts, self._context.models_dir)
        for wanted, source in (
            (model.sha256, "the catalogue"),
            (self._arm.revision, "the suite's `revision`"),
        ):
            if wanted is not None and wanted.lower() != sha256:
                raise IntegrityError(
                    f"{model.path} has sha256 {sha256}, but {source} says {wanted}",
                    hint=(
                        "the file was changed or damaged; delete it and pull it again, or correct"
                        " the hash"
                    ),
                )
        return sha256

    def _facts(self, model: LocalModel, sha256: str, settings: Any) -> ArmFacts:
        import llama_cpp

        from claimbench_providers.llama import chat as llama_chat

        engine, options = self._engine, self._options
        found = llama_chat.template_source(
            options.chat_template, engine.metadata, self._context.suite_dir, self._arm.model
        )
        source = None if found is None else found[0]
        effort = self._arm.params.reasoning_effort
        said: dict[str, Json] = {}
        if effort is not None and "reasoning_effort" not in options.omit:
            said = llama_chat.effort_variables(effort, source, self._arm.model)
        variables = {**said, **options.template_vars}
        if found is None:
            self._template = None
        else:
            source, origin = found
            bos, eos = engine.token_text(engine.bos), engine.token_text(engine.eos)
            self._template = llama_chat.ChatTemplate(
                source, bos=bos, eos=eos, origin=origin, extra=variables
            )
        offloaded, layers = engine.layers_offloaded()
        details: dict[str, Json] = {
            "model_file": model.path.name,
            "n_ctx": engine.n_ctx,
            "n_ctx_train": engine.n_ctx_train,
            "n_batch": settings.n_batch,
            "n_threads": settings.n_threads,
            "prefix_slots": settings.n_slots,
            "n_gpu_layers": options.n_gpu_layers,
            "layers_offloaded": offloaded,
            "layers": layers,
            "flash_attn": options.flash_attn,
            "chat_template": "none" if self._template is None else self._template.origin,
            "chat_template_sha256": None if self._template is None else self._template.sha256,
            "template_date": (
                llama_chat.FIXED_DATE
                if self._template is not None and self._template.dated
                else None
            ),
            "template_vars": variables,
            "lora": None if options.lora is None else options.lora,
            "lora_sha256": (
                None
                if settings.lora is None
                else file_sha256(settings.lora, self._context.models_dir)
            ),
            "sampling": {
                **self._sampling(self._arm.params),
                "top_k": options.top_k,
                "min_p": options.min_p,
            },
            "llama_cpp_python": llama_cpp.__version__,
            **engine.facts(),
        }
        name = engine.metadata.get("general.name") or model.path.name
        return ArmFacts(model_returned=name, model_sha256=sha256, details=details)

    # Generating

    def generate(self, request: Request) -> Iterator[Event]:
        """One attempt: content deltas, one usage report, Done with llama.cpp's own timings."""
        engine = self._loaded()
        if request.continuations:
            yield from self._scored(engine, request)
            return
        prompt, thinking = self._prompt(request)
        engine.check_room(len(prompt), request.max_tokens)
        engine.interrupted = False
        engine.log.reset()
        sampler = self._sampler(request)
        try:
            with engine.log.capture():
                yield from self._answer(engine, sampler, request, prompt, thinking)
        finally:
            sampler.close()

    def _answer(
        self, engine: Any, sampler: Any, request: Request, prompt: list[int], thinking: bool
    ) -> Iterator[Event]:
        constrained = self.constraint(request) != "none"
        tags = None if constrained or self._options.reasoning == "none" else THINK_TAGS
        text = TextStream(request.stop, tags, thinking=thinking)
        mode = self._tool_mode(request)
        held = llama_tools.HeldAnswer(request, mode)
        complete = llama_tools.complete_call(request, mode) or _completion_test(request)
        engine.reset_timings()
        state = engine.evaluate(request.prefix_key, prompt, request.conversation)
        logits, slot = state.logits, state.slot
        counts = {True: 0, False: 0}  # tokens by whether they were reasoning
        finish = "length"
        while True:
            token = sampler.sample(logits)
            if token is None or engine.ends(token):
                finish = "stop"
                break
            events = text.push(engine.piece(token))
            counts[text.thinking] += 1
            yield from held.show(events)
            if text.stopped or (complete is not None and complete(text.answer)):
                finish = "stop"
                break
            if counts[True] + counts[False] >= request.max_tokens:
                break
            logits = engine.decode(slot, [token])
        yield from held.show(text.finish())
        yield from held.finish()
        if held.called and finish == "stop":
            finish = "tool_calls"
        usage = Usage(
            input_fresh=state.n_prompt - state.n_reused,
            cache_read=state.n_reused,
            output_visible=counts[False],
            output_reasoning=counts[True],
            source="tokenizer",
        )
        yield UsageReport(usage)
        timings = {
            **engine.timings(),
            "prompt_n": float(state.n_prompt - state.n_reused),
            "predicted_n": float(counts[True] + counts[False]),
            "n_prompt": float(state.n_prompt),
            "n_prompt_reused": float(state.n_reused),
        }
        yield Done(finish, timings=timings)

    def _scored(self, engine: Any, request: Request) -> Iterator[Event]:
        """Log-probabilities in place of an answer; continuations of one context share its
        evaluation.
        """
        engine.interrupted = False
        engine.reset_timings()
        groups: dict[str, list[int]] = {}
        for index, (context, _) in enumerate(request.continuations):
            groups.setdefault(context, []).append(index)
        found: dict[int, ContinuationScore] = {}
        n_in = 0
        for context, places in groups.items():
            scores = self.loglikelihood(context, [request.continuations[i][1] for i in places])
            found.update(zip(places, scores, strict=True))
            n_in += len(engine.tokenize(context, add_special=True, parse_special=False))
        n_in += sum(score.tokens for score in found.values())
        rows = [[found[i].logprob, found[i].is_greedy] for i in range(len(request.continuations))]
        yield Delta(json.dumps(rows))
        yield UsageReport(
            Usage(input_fresh=n_in, output_visible=0, output_reasoning=0, source="tokenizer")
        )
        yield Done(
            "stop", timings={**engine.timings(), "prompt_n": float(n_in), "predicted_n": 0.0}
        )

    def share_prefix(self, key: str, requests: Sequence[Request]) -> int:
        """Tell which prompts a task will send; returns the tokens of the prefix that all of them
        share.

        With it, each answer is a function of its own prompt alone, whatever the order of the calls.
        Without it the border of the reused prefix is learned from the calls as they come (see
        ``llama_prefix``).
        """
        from claimbench_providers.llama.prefix import common_prefix

        engine = self._loaded()
        prefix = common_prefix(self._prompt(request)[0] for request in requests)
        engine.slots.declare(key, prefix)
        return len(prefix)

    def loglikelihood(self, prefix: str, continuations: Sequence[str]) -> list[ContinuationScore]:
        """Natural-log probabilities of continuations after one shared prefix, evaluated once. No
        chat template.
        """
        from claimbench_providers.llama import scoring as llama_scoring

        engine = self._loaded()
        with engine.log.capture():
            return llama_scoring.score(engine, prefix, continuations)

    def interrupt(self) -> None:
        """Make the running ``generate`` raise Timeout after the batch it is evaluating; called from
        another thread.
        """
        if self._engine is not None:
            self._engine.interrupted = True

    def unload(self) -> None:
        """Free the model; idempotent."""
        engine = self._engine
        self._engine = None
        if engine is not None:
            engine.close()
            resident.freed()

    def _loaded(self) -> Any:
        if self._engine is None:
            raise ModelError(f"arm {self._arm.name!r} is not loaded")
        return self._engine

    def _prompt(self, request: Request) -> tuple[list[int], bool]:
        """Token ids of the prompt, and whether it ends inside an opened thinking tag."""
        from claimbench_providers.llama import chat as llama_chat

        engine = self._loaded()
        mode = self._tool_mode(request)
        messages = request.messages
        if mode == "grammar":
            messages = llama_tools.spelled_out(messages, llama_tools.callable_tools(request))
        if request.prompt is None and self._template is not None:
            tools = request.tools if mode == "template" else ()
            text, mark = self._template.render_apart(messages, engine.control_texts, tools)
            tokens = engine.tokenize_apart(text, mark)
            return tokens, text.rstrip().endswith(THINK_TAGS[0])
        text = request.prompt if request.prompt is not None else llama_chat.plain_prompt(messages)
        tokens = engine.tokenize(text, add_special=True, parse_special=False)
        return tokens or [max(0, engine.bos)], False

    def _sampling(self, params: Any) -> dict[str, float | int]:
        return {
            "temperature": 0.0 if params.temperature is None else params.temperature,
            "top_p": 1.0 if params.top_p is None else params.top_p,
            "seed": 0 if params.seed is None else params.seed,
        }

    def _sampler(self, request: Request) -> Any:
        from claimbench_providers.llama.sampling import Sampler

        engine, values = self._loaded(), self._sampling(request.params)
        seed = request.seed if request.seed is not None else int(values["seed"])
        return Sampler(
            engine.low,
            temperature=float(values["temperature"]),
            top_p=float(values["top_p"]),
            top_k=self._options.top_k,
            min_p=self._options.min_p,
            seed=seed % 0xFFFFFFFF,  # 0xFFFFFFFF itself would ask llama.cpp for a random seed
            grammar=self._grammar(request),
        )

    def _grammar(self, request: Request) -> Any:
        mode = self._tool_mode(request)
        if mode != "off":
            return self._tool_grammar(request, mode)
        if self.constraint(request) == "none":
            return None
        space: Json = list(request.labels) if request.labels else request.answer_schema
        key = json.dumps(space, sort_keys=False)
        text = self._grammars.get(key)
        if text is None:
            if request.labels:
                text = llama_grammar.labels_grammar(request.labels)
            else:
                text = llama_grammar.schema_grammar(request.answer_schema or {})
            self._grammars[key] = text
        with self._loaded().log.capture():
            return self._loaded().grammars.clone(text)

    def _tool_grammar(self, request: Request, mode: llama_tools.Mode) -> Any:
        source = self._template and self._template.source
        named = [llama_tools.template_tools(request.tools), request.tool_choice, mode]
        key = json.dumps(named)
        if key not in self._grammars:
            made = llama_tools.answer_grammar(request, mode, source)
            if made is None:
                return None
            self._grammars[key] = made
        with self._loaded().log.capture():
            return self._loaded().grammars.clone(self._grammars[key])


def _completion_test(request: Request) -> Callable[[str], bool] | None:
    if request.labels:
        return llama_grammar.label_complete(request.labels)
    if request.answer_schema is not None:
        return llama_grammar.json_complete
    return None
