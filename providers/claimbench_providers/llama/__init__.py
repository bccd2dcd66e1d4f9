"""llama.cpp in this process: load a GGUF model, keep prefixes, sample, score continuations."""
