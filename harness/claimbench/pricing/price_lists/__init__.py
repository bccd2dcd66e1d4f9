"""Price lists: dated, sourced books of ours, genai-prices, and how the two compare."""
