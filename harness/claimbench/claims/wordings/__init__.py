"""Claims over all wordings of a prompt, which are a random effect: who asks the same in other words
gets another accuracy.
"""
