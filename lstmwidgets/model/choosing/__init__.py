"""How a network's settings are chosen: by its errors on the validation part, and by rules that say why."""
