"""What a training will take, and how quick this machine is."""
