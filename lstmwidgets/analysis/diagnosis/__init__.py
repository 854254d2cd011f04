"""What is wrong with a forecast, in words, on what evidence; and what a leak would have flattered."""
