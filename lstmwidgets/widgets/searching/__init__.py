"""What the search view is made of: its numbers, its chart, its table, its words, its still."""
