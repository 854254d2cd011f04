"""What the comparison view is made of: its scene, its table, its charts, its words, its still."""
