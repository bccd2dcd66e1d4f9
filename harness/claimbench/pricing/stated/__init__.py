"""What suites, price books and the command line state of prices."""
