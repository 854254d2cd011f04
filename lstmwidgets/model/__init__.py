"""Keras models over windows: built, trained, saved. The only floor that imports TensorFlow."""
