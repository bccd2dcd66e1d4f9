"""``bench init``, last part: the plan as YAML that a person can read and change."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claimbench.init.answer import ALIASES, AnswerPlan
from claimbench.init.arms import NEEDS_ADDRESS, ArmPlan
from claimbench.init.columns import ProposedRoles

_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_HOST = """\
    cost:
      host:
        usd_per_hour: 0.20             # ASSUMED: change it to what your machine costs
        utilisation: 0.5               # ASSUMED: the machine is paid for twice the hours it works
        source: about $0.20 an hour for 4 vCPU on third-party price pages
        dated: 2026-11-01
"""

_PAIRED = r"(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*"
_IN_BOX = rf"\\boxed\s*\{{\s*({_PAIRED}?)\s*\}}"


@dataclass(frozen=True, slots=True)
class SuitePlan:
    """Everything the YAML says. ``variables``: column -> template variable; ``longest`` input in
    characters.
    """

    name: str
    source: str
    roles: ProposedRoles
    answer: AnswerPlan
    arms: tuple[ArmPlan, ...]
    variables: Mapping[str, str]
    notes: tuple[str, ...]
    seed: int
    n_rows: int
    n_examples: int
    longest: int
    most_common: tuple[str, float]
    id_key: str
    mask: str = ""
    big_clusters: bool = False
    """Clusters are so big that the first rows of a run would be of a few of them."""
    turns: tuple[str, ...] = ()
    """Roles of the input columns where each is a turn of its own; empty: one user turn."""
    system: str | None = None
    """The system prompt of a chat log, sent as it is; None: instructions of ours."""
    judge_omit: tuple[str, ...] = ()
    """Parameters of the suite that the proposed judge does not take."""
    sometimes: tuple[str, ...] = ()
    """Inputs that are empty in some rows: there they are left out of the prompt."""


def quote(value: str) -> str:
    """Return a text as YAML: bare where that is safe, else in double quotes."""
    if (
        re.fullmatch(r"[A-Za-z][A-Za-z0-9 _./-]*", value)
        and value.lower() not in _WORDS
        and value == value.strip()
    ):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]",
        lambda match: f"\\u{ord(match.group()):04x}",
        text,
    )


def _comment(text: str) -> str:
    """Return text safe inside a comment: one printable line."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))


def write_suite(plan: SuitePlan) -> str:
    """Return the suite file's text."""
    return "".join(
        (
            _head(plan),
            plan.mask,
            _dataset(plan),
            _prompt(plan),
            _answer(plan),
            _arms(plan),
            _judge(plan),
            _claims(plan),
            _buying(plan),
        )
    )


def _head(plan: SuitePlan) -> str:
    lines = [
        (
            f"# Written by `bench init` from {_comment(plan.source)}. Run it:  bench run"
            f" {plan.name}.yaml"
        ),
        (
            "# Everything marked ASSUMED is a guess from the data: read it, change what is wrong,"
            " and raise `version`."
        ),
        *(f"# NOTE: {_comment(note)}" for note in plan.notes),
        f"name: {quote(plan.name)}",
        "version: 1-0",
        f"description: {quote(f'Made by bench init from {plan.source}.')}",
        f"sampling: {{temperature: 0, seed: {plan.seed % 2**31}}}",
        _order(plan),
        (
            "margin: 0.03                           # difference in score declared harmless, before"
            " the run"
        ),
    ]
    if plan.answer.rubric or any(arm.provider != "llama_cpp" for arm in plan.arms):
        lines.append("budget: {max_cost_usd: 5}")
    return "\n".join(lines) + "\n"


def _order(plan: SuitePlan) -> str:
    """Return the suite's ``order:``; of big clusters a first look takes single rows."""
    if not plan.big_clusters:
        return f"order: {{seed: {plan.seed}}}"
    return (
        f"order: {{seed: {plan.seed}, limit_by: row}}  # ASSUMED: a first look (--limit) sees many"
        " clusters"
    )


def mask_block(entities: Sequence[str], columns: Sequence[str], *, active: bool) -> str:
    """Return the suite's ``mask:``, or the same as a comment that a person can uncomment."""
    listed = ", ".join(entities)
    named = ", ".join(map(quote, columns))
    said = (
        "look at the rows: patterns find no names"
        if active
        else "nothing is masked; to mask, remove the first #"
    )
    needs = "" if active else "   # pip install 'claimbench[mask]'"
    return (
        f"# ASSUMED: personal data has the forms that were found; {said}\n"
        f"{'' if active else '# '}mask: {{entities: [{listed}], columns: [{named}]}}{needs}\n"
    )


def _dataset(plan: SuitePlan) -> str:
    roles = plan.roles
    lines = [
        "tasks:",
        f"  - name: {quote(plan.name)}",
        "    dataset:",
        f"      path: {quote(f'{plan.name}/samples.jsonl')}",
        f"      id: {quote(plan.id_key)}{_assumed(roles, 'id')}",
        f"      target: {quote(roles.target)}",
    ]
    if roles.cluster is not None:
        lines.append(f"      cluster: {quote(roles.cluster)}{_assumed(roles, 'cluster')}")
    else:
        lines.append(
            f"      # cluster: none. ASSUMED: {roles.why.get('cluster', 'rows are independent')}"
        )
    if roles.slices:
        lines.append(
            f"      slices: [{', '.join(map(quote, roles.slices))}]       # ASSUMED: few values,"
            " many rows each"
        )
    mapped = {variable: column for column, variable in plan.variables.items() if variable != column}
    if mapped:
        lines.append("      columns:")
        lines += [f"        {variable}: {quote(column)}" for variable, column in mapped.items()]
    return "\n".join(lines) + "\n"


def _assumed(roles: ProposedRoles, key: str) -> str:
    return f"       # ASSUMED: {roles.why[key]}" if key in roles.why else ""


def _chat_prompt(plan: SuitePlan) -> str:
    """Return the prompt of a chat log: the request as production makes it, turn by turn."""
    lines = ["    prompt:"]
    if plan.system is not None:
        text = plan.system
        if re.search(r"[{}#%]", text):  # a foreign text that a template would read as its own
            text = "{{ " + json.dumps(text, ensure_ascii=False) + " }}"
        lines.append(f"      - system: {json.dumps(text, ensure_ascii=False)}")
    roles = plan.turns or ("user",)
    for role, variable in zip(roles, plan.variables.values(), strict=True):
        if role == "turns":
            lines.append(
                f"      - turns: {variable}  # each row's own turns, a list of role, content"
            )
            continue
        lines.append(f'      - {role}: "{{{{ {variable} }}}}"')
    return "\n".join(lines) + "\n"


def _prompt(plan: SuitePlan) -> str:
    if plan.turns or plan.system is not None:
        return _chat_prompt(plan)
    system = _instructions(plan)
    if len(plan.variables) == 1:
        (variable,) = plan.variables.values()
        user = ["{{ " + variable + " }}"]
    else:
        user = _named_inputs(plan)
    lines = [
        "    prompt:",
        "      - system: |",
        *(f"          {line}" for line in system),
        "      - user: |",
    ]
    lines += [f"          {_comment(line).strip()}" for line in user]
    if plan.n_examples:
        lines += [
            (
                f"    # {plan.n_examples} examples, drawn with seed {plan.seed} and held out of the"
                " rows that are measured"
            ),
            f"    few_shot: {{path: {quote(f'{plan.name}/examples.jsonl')}}}",
        ]
        if plan.answer.worked:
            lines.append('    few_shot_target: "{{ worked_answer }}"')
    return "\n".join(lines) + "\n"


def _named_inputs(plan: SuitePlan) -> list[str]:
    """Return the lines of several inputs, each under its name; one that is empty in some rows is
    left out there, with its line.
    """
    always = [column for column in plan.variables if column not in plan.sometimes]
    anchor = always[0] if always else next(iter(plan.variables))
    lines: list[str] = []
    before = ""
    for column, variable in plan.variables.items():
        name = re.sub(r"[{}%#'\\]", "", column)
        if column != anchor and column in plan.sometimes:
            if lines:
                lines[-1] += f"{{{{ '\\n{name}: ' ~ {variable} if {variable} else '' }}}}"
            else:
                before += f"{{{{ '{name}: ' ~ {variable} ~ '\\n' if {variable} else '' }}}}"
            continue
        lines.append(f"{before}{name}: {{{{ {variable} }}}}")
        before = ""
    return lines


def _instructions(plan: SuitePlan) -> list[str]:
    answer = plan.answer
    if answer.kind == "label":
        return [
            "Read the text and choose the one label that fits it best.",
            "Answer with the label only, exactly as it is written here:",
            "- {{ labels | join('\\n- ') }}",
        ]
    if answer.kind == "json":
        properties = (answer.schema or {})["properties"]
        fields = ", ".join(properties)
        if answer.sets:
            labels = properties[answer.sets[0]]["items"]["enum"]
            return [
                "Read the text and answer with one JSON object and nothing else.",
                f"Field {_literal(fields)}: the list of all that fit it, an empty list if none"
                " does, of these:",
                *(f"- {_literal(str(label))}" for label in labels),
            ]
        return [
            "Read the text and answer with one JSON object and nothing else.",
            f"Fields: {_literal(fields)}",
        ]
    if answer.worked.startswith("\\"):
        return [
            "Solve the problem step by step.",
            "Put the final answer, and nothing else, into \\boxed{}.",
        ]
    if answer.worked:
        return [
            "Solve the problem step by step.",
            "End with a line that holds #### and the number.",
        ]
    if answer.rubric and answer.why.startswith("summaries"):
        return ["Answer with a summary of the text and nothing else."]
    if answer.rubric and answer.why.startswith("translations"):
        into = answer.why.removeprefix("translations").partition(",")[0]
        return [f"Translate the text{into} and answer with the translation only."]
    if answer.rubric:
        return [
            "Answer with the code only." if answer.why.startswith("code") else "Answer in full."
        ]
    if answer.date_order:
        return ["Answer with the date only."]
    if answer.amounts_decimal:
        return ["Answer with the number and its unit only."]
    return [
        (
            "Answer with the number only."
            if answer.kind == "number"
            else "Answer as briefly as you can."
        )
    ]


def _literal(text: str) -> str:
    return re.sub(r"[{}%#]", "", _comment(text)).strip()


def _answer(plan: SuitePlan) -> str:
    answer = plan.answer
    lines = [f"    # ASSUMED: {_comment(answer.why)}", "    answer:"]
    lines.append(f"      type: {answer.kind}")
    if answer.kind == "label":
        lines += [
            "      labels:",
            *(f"        - {quote(label)}" for label in answer.labels),
            f"    scorers: [{_label_scorer(answer)}]",
        ]
    elif answer.kind == "json":
        fields = ", ".join(f"{quote(name)}: set" for name in answer.sets)
        scorer = f"{{name: json_fields, fields: {{{fields}}}}}" if fields else "json_fields"
        lines += [f"      schema: {quote_json(answer.schema)}", f"    scorers: [{scorer}]"]
    elif answer.kind == "number":
        after = ', after: "####"' if answer.worked.startswith("#") else ""
        lines.append(f"    scorers: [{{name: numeric{after}}}]")
    elif answer.date_order:
        order = "" if answer.date_order == "any" else f", order: {answer.date_order}"
        lines.append(f"    scorers: [{{name: date{order}}}]")
    elif answer.worked:
        lines.append(f"    scorers: [{{name: regex, pattern: {quote(_IN_BOX)}, which: last}}]")
    elif answer.amounts_decimal:
        decimal = ', decimal: ","' if answer.amounts_decimal == "," else ""
        lines.append(f"    scorers: [{{name: quantity{decimal}}}]")
    elif answer.rubric:
        lines += [
            "    # equality says little of such texts: a model judges, and people check it",
            "    scorers:",
            "      - name: judge",
            "        by: arbiter",
            f"        rubric: {quote(answer.rubric)}",
            "        choices: {good: 1, partly: 0.5, bad: 0}",
        ]
    else:
        also = f", aliases: [{ALIASES}]" if answer.aliases else ""
        lines.append(
            f"    scorers: [{{name: exact, ignore_case: true, ignore_punctuation: true{also}}}]"
            "  # strict for long answers"
        )
    lines.append(f"    max_tokens: {answer.max_tokens}")
    return "\n".join(lines) + "\n"


def _label_scorer(answer: AnswerPlan) -> str:
    if answer.graded:
        return "graded"
    return f"{{name: label, aliases: [{ALIASES}]}}" if answer.aliases else "label"


def quote_json(value: object) -> str:
    """Return a JSON value as one line of YAML."""
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{quote(str(key))}: {quote_json(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(quote_json(item) for item in value) + "]"
    return quote(value) if isinstance(value, str) else json.dumps(value)


JUDGE = ("openai", "gpt-5.4-mini")
"""Provider and model of the judge that is proposed."""


def _judge(plan: SuitePlan) -> str:
    if not plan.answer.rubric:
        return ""
    provider, model = JUDGE
    omit = f", omit: [{', '.join(plan.judge_omit)}]" if plan.judge_omit else ""
    return (
        "judges:                                # ASSUMED: CHANGE it to a model you trust; no arm's"
        f" own\n  - {{name: arbiter, provider: {provider}, model: {model}, lab: OpenAI,"
        f" api_key_env: OPENAI_API_KEY, concurrency: 4{omit}}}\n"
    )


def _arms(plan: SuitePlan) -> str:
    text = "arms:\n"
    for arm in plan.arms:
        text += (
            f"  - name: {quote(arm.name)}\n    provider: {quote(arm.provider)}\n    model:"
            f" {quote(arm.model)}\n"
        )
        if arm.provider == "llama_cpp":
            text += (
                f"    weights: open\n    device: cpu\n{_HOST}    options: {{n_ctx:"
                f" {_context(plan)}}}\n"
            )
        else:
            if arm.provider in NEEDS_ADDRESS:
                text += (
                    "    base_url: http://127.0.0.1:8000/v1  # CHANGE: your server's address;"
                    " the prompts go there\n"
                )
            if arm.omit:
                left_out = ", ".join(arm.omit)
                text += f"    omit: [{left_out}]{' ' * 20}# not taken by this endpoint\n"
            key = "    api_key_env: OPENAI_API_KEY\n" if arm.provider == "openai" else ""
            priced = (
                "    cost: {list: {}}                    # the price book; or `price:` for your"
                " contract\n"
            )
            text += f"{key}    concurrency: 4\n{priced}"
    return text


def _context(plan: SuitePlan) -> int:
    """Return a context that holds the longest prompt: three characters a token is a safe bound for
    most languages.
    """
    instructions = 400 + sum(len(label) + 4 for label in plan.answer.labels)
    characters = instructions + plan.longest + plan.n_examples * (600 + 2 * plan.answer.max_tokens)
    needed = characters // 3 + plan.answer.max_tokens + 64
    return next((size for size in (2048, 4096, 8192, 16384) if size >= needed), 32768)


def _claims(plan: SuitePlan) -> str:
    first, *others = plan.arms
    if others:
        rival = others[-1].name
        return (
            "claims:                                # two to start with; write the ones you want"
            f" settled\n  - id: as-accurate\n    claim: {quote(f'as accurate as {rival}')}\n   "
            f" arm: {quote(first.name)}\n    than: {quote(rival)}\n  - id: half-the-price\n   "
            f" claim: {quote(f'50% cheaper than {rival}')}\n    arm: {quote(first.name)}\n    than:"
            f" {quote(rival)}\n"
        )
    label, share = plan.most_common
    guess = (
        f"always answering {_comment(label)} would score {share:.2f}"
        if plan.answer.kind == "label"
        else "half right"
    )
    bound = round(share + 0.005, 2) if plan.answer.kind == "label" else 0.5
    return (
        "claims:                                # two to start with; write the ones you want"
        f" settled\n  - id: beats-guessing                 # {guess}\n    kind: accurate\n    arm:"
        f" {quote(first.name)}\n    threshold: {min(bound, 0.99)}\n  - id: fast                    "
        "       # ASSUMED: nineteen of twenty answers within 2 seconds\n    kind: fast\n   "
        f" metric: e2e\n    quantile: 0.95\n    threshold: 2.0\n    arm: {quote(first.name)}\n"
    )


_BUYING = """\
# What a month costs, and whom to choose: take the "# " away and put in your own figures before the
# run; what is written later is marked as such. `bench decide` prints the decision.
# volume:
#   requests_per_month: 100000         # or {{low: 50000, base: 100000, high: 200000}}
#   peak_factor: 4                     # requests of the busiest hour over those of a mean hour
#   growth_per_year: 0.2               # 20% more requests each year
#   months: 36                         # how far the totals reach
# decision:
#   incumbent: {incumbent}
#   requirements:                      # who misses one is out; nothing open is taken for met
#     - {{name: quality, claim: at least 70% accurate}}
#     - {{name: speed, claim: e2e p95 under 2 s}}
#     - {{name: budget, claim: "under $2,000 a month"}}
#     - {{name: our data, fact: prompts_go_to, is: [this machine, "*.example.eu"]}}
#     - {{name: certificate, attested: {{{incumbent}: {{text: ISO 27001, dated: 2026-03-01}}}}}}
#   criteria:                          # of those that pass: worst counts 0, best counts 100
#     - {{name: quality, weight: 40, metric: accuracy, worst: 0.6, best: 0.95}}
#     - {{name: dollars, weight: 35, metric: usd_per_month, worst: 2000, best: 0}}
#     - {{name: time, weight: 25, metric: e2e_p95_s, worst: 4, best: 0.5}}
"""


def _buying(plan: SuitePlan) -> str:
    """Return a volume and a decision as a comment that a person can uncomment."""
    return _BUYING.format(incumbent=quote(plan.arms[-1].name))
