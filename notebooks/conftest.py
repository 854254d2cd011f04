"""Notebooks that are no lessons are run by tests of their own: tests/reports and tests/browser."""

collect_ignore_glob = ["reports/*", "app/*"]
