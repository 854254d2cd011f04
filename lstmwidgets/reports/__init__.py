"""What was found, sent on: one series' report as files, or thousands of them. Never imports TensorFlow."""
