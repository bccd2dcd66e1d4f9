"""What stands beside the measured arms: routes through their stored calls, adoption."""
