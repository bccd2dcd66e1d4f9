"""Which way a metric points, by its name, where no tool and no suite says so."""

from __future__ import annotations

import re

_LOWER_WORDS = frozenset(
    {
        "error",
        "errors",
        "err",
        "wer",
        "cer",
        "ter",
        "mer",
        "loss",
        "losses",
        "perplexity",
        "ppl",
        "nll",
        "toxicity",
        "toxic",
        "brier",
        "mae",
        "mse",
        "rmse",
        "mape",
        "ece",
        "hallucination",
        "hallucinations",
        "hallucinated",
        "violation",
        "violations",
        "distance",
        "levenshtein",
        "bpb",
        "fpr",
        "fnr",
        "hamming",
        "failure",
        "failures",
        "fault",
        "faults",
        "misses",
        "latency",
        "regret",
        "penalty",
        "harmful",
        "harmfulness",
        "divergence",
        "leak",
        "leakage",
        "incorrect",
        "wrong",
        "mistakes",
        "stereotype",
        "mistake",
        "failed",
        "fail",
        "fails",
        "failing",
        "bad",
        "poor",
        "refusal",
        "refusals",
        "refused",
        "unsafe",
        "invalid",
        "defect",
        "defects",
        "complaint",
        "complaints",
        "crash",
        "crashes",
        "timeouts",
        "broken",
        "flagged",
        "jailbroken",
        "false",
        "inaccuracy",
        "inaccurate",
        "unfaithful",
        "unsupported",
    }
)
_LOWER_PHRASES = re.compile(
    r"bits_per_byte|false_(positive|negative)|error_rate|miss_rate|word_perplexity|"
    r"byte_perplexity|edit_dist|attack_success|unsafe_rate"
)
_LOWER_FOREIGN = re.compile(
    r"(^|_)(fehler(?!frei|los)|falsch|irrt[uü]m|halluzin|toxizit|verlust|abweichung|unfreundlich|"
    r"erreur|faux_|hallucin|toxicité|perte|incorrecto|incorrecta|errores|alucina|toxicidad|pérdida|"
    r"errore|errori|errato|sbagliat|allucinazion|tossicit|erros?(_|$)|incorret|fout|onjuist|błęd|"
    r"błąd|ошиб|неверн|неправильн|галлюцин|токсичн|потер|hata|yanlış|halüsin)|"
    r"错误|誤り|エラー|不正解|幻觉|毒性|오류|오답|환각|خطأ|أخطاء|गलत|त्रुटि"
)
_TURNED = frozenset(
    {
        *("no", "not", "non", "free", "without", "inverse", "inverted", "avoids", "less"),
        *(
            "ohne",
            "nicht",
            "kein",
            "keine",
            "sans",
            "sin",
            "senza",
            "sem",
            "zonder",
            "без",
            "不",
            "无",
        ),
    }
)
INVERTED = "1 - "
"""Stands before the name of a metric whose shares are judged as 1 - x."""


def lower_is_better(name: str) -> bool:
    """Tell by a metric's name whether lower is better: error rates, losses, toxicity and the like.

    ``error_free`` and ``no_error`` are the opposite, for a word beside turns them.
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).casefold()
    parts = [part for part in re.split(r"[\W_]+", words) if part]
    if not parts or name.startswith(INVERTED) or _TURNED & set(parts):
        return False
    joined = "_".join(parts)
    if _LOWER_WORDS & set(parts) or _LOWER_PHRASES.search(joined):
        return True
    return _LOWER_FOREIGN.search(joined) is not None
