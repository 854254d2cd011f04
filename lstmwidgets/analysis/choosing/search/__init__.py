"""A search over configs: asked of Optuna, judged on the validation part, kept in a study that goes on."""
