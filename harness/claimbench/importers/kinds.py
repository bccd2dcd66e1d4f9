"""The names of the formats that ``bench import --from`` takes, without reading any of them."""

KINDS = (
    "lm-eval",
    "inspect",
    "promptfoo",
    "every-eval-ever",
    "evalscope",
    "deepeval",
    "helm",
    "lighteval",
    "openai-evals",
    "lm-eval-0.3",
    "vllm-bench",
    "guidellm",
    "aiperf",
    "litellm",
    "openrouter",
    "otel",
    "langfuse",
    "csv",
)
