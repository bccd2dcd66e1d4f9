"""Claims by turn of conversations: "as accurate in turn 5 as in turn 1", "half the cost per
conversation"; items are then whole conversations.
"""
