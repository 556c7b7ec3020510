"""What the tests of the real binary share: its processes, its callers and its databases."""
