"""What the gate explorer is made of: its numbers, its module in the browser, its still and its page."""
