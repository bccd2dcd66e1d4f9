"""tau2-bench: the results file of a run (``data/simulations/*.json``): info, tasks, simulations.

A simulation is one trial of one task and becomes one answer: its reward, the agent's dollars and
tokens, and its last words. What the file does not hold is said: there is no cost of the judge that
checks assertions in words, and the seconds of a simulation are those of agent, user and tools
together, so that they are no latency of the model.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import (
    SETTINGS,
    Imported,
    ImportedArm,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import as_list, get, mapping, number
from claimbench.stats.epochs import reduced
from claimbench.suite.files.settings import stated_settings
from claimbench.suite.files.traffic.requests import sampling, when
from claimbench.types import Json, Usage

KIND = "tau2"
REWARD = "reward"
NOT_THE_AGENTS = ("infrastructure_error", "user_error")
"""Ends of a simulation that say nothing about the agent."""


def is_results(value: Json) -> bool:
    """Recognise a results file."""
    document = mapping(value)
    rows = document.get("simulations")
    first = mapping(rows[0]) if isinstance(rows, list) and rows else {}
    return "task_id" in first and ("reward_info" in first or "termination_reason" in first)


def read(path: Path, options: ImportOptions) -> Imported:
    """Read one results file; raises ImportFault."""
    document = mapping(json_values.load_json(path, json_values.read_bytes(path)))
    if not is_results(document):
        raise ImportFault(f"{path}: not a results file of tau2 (it has info, tasks, simulations)")
    info = mapping(document.get("info"))
    agent = mapping(info.get("agent_info"))
    model = str(agent.get("llm") or path.stem)
    domain = get(info, "environment_info", "domain_name")
    task = options.task or str(domain or "tau2")
    arm = ImportedArm(
        model.rpartition("/")[2],
        KIND,
        model,
        path.name,
        {task: {SETTINGS: _settings(info)}},
        sampling(agent.get("llm_args")),
        when(document.get("timestamp")),
    )
    tasks = {str(mapping(row).get("id")): mapping(row) for row in as_list(document.get("tasks"))}
    answers: list[Answer] = []
    user_usd = Decimal(0)
    billed = 0
    for place, row in enumerate(document["simulations"]):
        simulation = mapping(row)
        item = simulation.get("task_id")
        if item is None:
            raise ImportFault(f"{path}: simulation {place + 1} has no task_id")
        answers.append(_answer(arm.name, task, str(item), simulation, tasks.get(str(item), {})))
        spent = _usd(simulation.get("user_cost"))
        if spent is not None:
            user_usd += spent
            billed += 1
    known = any(answer.usd is not None for answer in answers)
    whose = (
        "dollars are the agent's as tau2 took them from list prices, where it states any; the file"
        if known
        else "the file states no dollars of the agent, and"
    )
    notes = [
        f"{path.name}: {whose} holds no cost of the judge that checks assertions in words",
        f"{path.name}: seconds of a simulation are those of agent, user and tools together: no"
        " latency is taken from them",
    ]
    if billed:
        notes.append(
            f"{path.name}: the simulated user cost ${user_usd:.4g} over {billed} simulations"
            + (", apart from the agent's dollars" if known else ", which is no cost of the agent")
        )
    notes += _unreadable_spending(path.name, document["simulations"])
    notes += _pass_hats(answers)
    found = Found(KIND, [path], [arm], answers, preferred=(REWARD,), notes=notes)
    return gathered(found, options)


def _settings(info: Mapping[str, Json]) -> dict[str, Json]:
    """Return how the agent was run, and by whom it was spoken to."""
    agent, user = mapping(info.get("agent_info")), mapping(info.get("user_info"))
    told = {
        **stated_settings(agent.get("llm_args")),
        "max_tokens": get(agent, "llm_args", "max_tokens"),
        "agent": agent.get("implementation"),
        "user": user.get("implementation"),
        "user_llm": user.get("llm"),
        "user_llm_args": user.get("llm_args"),
        "max_steps": info.get("max_steps"),
        "max_errors": info.get("max_errors"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _answer(
    arm: str, task: str, item: str, simulation: Mapping[str, Json], about: Mapping[str, Json]
) -> Answer:
    reward = number(get(simulation, "reward_info", "reward"))
    end = str(simulation.get("termination_reason") or "unknown")
    error = None
    if end in NOT_THE_AGENTS:
        error = f"the simulation ended by {end}"
    elif reward is None:
        error = "no reward in the file"
    messages = [mapping(one) for one in as_list(simulation.get("messages"))]
    spoken = [one for one in messages if one.get("role") == "assistant"]
    texts = [one["content"] for one in spoken if isinstance(one.get("content"), str)]
    trial = simulation.get("trial")
    made = sum(len(as_list(one.get("tool_calls"))) for one in spoken)
    return Answer(
        arm,
        task,
        item,
        {} if reward is None or error is not None else {REWARD: reward},
        epoch=trial if isinstance(trial, int) else 0,
        shown=_asked(about),
        text=texts[-1] if texts else "",
        error=error,
        usage=_usage(spoken),
        usd=_usd(simulation.get("agent_cost")),
        sent=when(simulation.get("start_time")),
        finish="stop" if end in ("agent_stop", "user_stop") else end,
        explanation=f"{end}; {len(spoken)} turns of the agent, {made} calls of tools",
        judge={REWARD: "assertions in words"} if _in_words(simulation, about) else {},
    )


def _in_words(simulation: Mapping[str, Json], about: Mapping[str, Json]) -> bool:
    """Tell whether the reward rests on assertions that a model checked; where the file does not
    say what the reward rests on, assertions that are there count.
    """
    told, asked = mapping(simulation.get("reward_info")), mapping(about.get("evaluation_criteria"))
    basis = told.get("reward_basis") or asked.get("reward_basis")
    if basis and "NL_ASSERTION" not in as_list(basis):
        return False
    return bool(told.get("nl_assertions") or asked.get("nl_assertions"))


def _unreadable_spending(name: str, simulations: Sequence[Json]) -> list[str]:
    """Say how many simulations state a cost, tokens or a reward that is none, with one of them."""
    bad: dict[str, list[Json]] = defaultdict(list)
    for one in simulations:
        simulation = mapping(one)
        usd = simulation.get("agent_cost")
        if usd is None or usd == 0:
            bad["no cost of the agent (null, 0 or left out)"].append(usd)
        elif _usd(usd) is None:
            bad["an agent_cost that is no amount of dollars above 0"].append(usd)
        reward = mapping(simulation.get("reward_info")).get("reward")
        if isinstance(reward, bool):
            bad["a reward that is true or false, read as 1 or 0"].append(reward)
        for turn in as_list(simulation.get("messages")):
            usage = mapping(mapping(turn).get("usage"))
            counts = [usage[k] for k in ("prompt_tokens", "completion_tokens") if k in usage]
            wrong = [n for n in counts if n is not None and not _is_count(n)]
            if wrong:
                bad["tokens that are no count"].append(wrong[0])
                break
    return [
        f"{name}: {len(seen)} of {len(simulations)} simulations have {what}"
        + ("" if seen[0] is None else f", such as {seen[0]!r:.40}")
        + ("" if "true or false" in what else ": unknown, never 0")
        for what, seen in bad.items()
    ]


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _usd(value: Json) -> Decimal | None:
    """Return a cost; None where tau2 writes 0, which is what it knows of models without a price."""
    found = number(value)
    if found is None or found <= 0 or not math.isfinite(found):
        return None
    return Decimal(str(found))


def _usage(spoken: Sequence[Mapping[str, Json]]) -> Usage | None:
    """Sum the tokens of the agent's turns; None where one that a model made tells none.

    The greeting before the first words of the user is not the model's.
    """
    n_in = n_out = 0
    told = False
    for place, turn in enumerate(spoken):
        usage = mapping(turn.get("usage"))
        given, made = number(usage.get("prompt_tokens")), number(usage.get("completion_tokens"))
        if given is None or made is None:
            if place == 0 and not turn.get("tool_calls"):
                continue
            return None
        if not (_is_count(usage["prompt_tokens"]) and _is_count(usage["completion_tokens"])):
            return None
        n_in += int(given)
        n_out += int(made)
        told = True
    return Usage(input_fresh=n_in, output_visible=n_out) if told else None


def _asked(about: Mapping[str, Json]) -> str:
    """Return what a task is, by the words that its user is given."""
    scenario = mapping(about.get("user_scenario"))
    told = scenario.get("instructions")
    if isinstance(told, Mapping):
        parts = [f"{name}: {text}" for name, text in told.items() if isinstance(text, str)]
        return "\n".join(parts)
    return told if isinstance(told, str) else ""


def _pass_hats(answers: Sequence[Answer]) -> list[str]:
    """Return a line of pass^k for every k that the trials allow."""
    trials: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        if REWARD in answer.scores:
            trials[answer.item].append(answer.scores[REWARD])
    if not trials:
        return []
    most = min(len(scores) for scores in trials.values())
    figures = []
    for k in range(1, most + 1):
        values = [reduced(f"pass^{k}", scores) for scores in trials.values()]
        figures.append(f"pass^{k} {math.fsum(values) / len(values):.3f}")
    return [f"over {len(trials)} tasks: {', '.join(figures)}"] if most > 1 else []
