"""What the units dial is made of: its measuring, its scene, its charts, its table, its words, its still."""
