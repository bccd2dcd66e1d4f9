"""The catalogue of local models, and how their files are fetched and checked."""
