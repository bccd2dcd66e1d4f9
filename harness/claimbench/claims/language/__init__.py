"""The language of claims: a sentence in, what it says out, and every word accounted for.

``normal`` and ``amounts`` make one spelling of many; ``scope`` finds tasks and slices; ``lexicon``
holds the tables of words; ``chunks`` cuts a sentence into pieces that are all understood, or says
which words are not; ``clauses`` puts the pieces together; ``meanings`` turn them into fields of a
claim; ``foreign`` has the commonest forms of four other languages; ``say`` states a claim in one
plain line and reads that line back.
"""
