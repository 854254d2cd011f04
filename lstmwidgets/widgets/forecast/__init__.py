"""What the forecast plot is made of: its numbers, its module in the browser, and its still."""
