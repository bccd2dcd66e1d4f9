"""The parts of a sentence: ``chunks`` that cover it, and the statements that they make.

``spread`` writes a text with lists once for each thing listed; ``clauses`` reads the chunks left to
right; ``saying`` reads what is said, ``lists`` what adds a quantity or an arm to it, ``places``
where and how it is said.
"""
