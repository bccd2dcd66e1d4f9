"""Local models: the catalogue, what is cached, and how a model is fetched and checked."""
