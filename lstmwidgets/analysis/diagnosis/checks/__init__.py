"""The checks of a diagnosis: each turns numbers into a sentence, its evidence, and what to try."""
