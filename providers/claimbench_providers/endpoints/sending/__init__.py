"""What a request says beside the suite's parameters: switches of thinking, and what an arm adds."""
