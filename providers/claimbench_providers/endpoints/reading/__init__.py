"""What comes back: bodies, contents of messages, ends and usage, alike for every protocol."""
