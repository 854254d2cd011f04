"""What is seen and touched: every view live in a notebook, and still on paper. Never imports TensorFlow."""
