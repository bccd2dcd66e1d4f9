"""The checklist: what a reader asks of any evaluation, answered from this run."""
