"""What the views drawn by JavaScript share: numbers in blocks, canvases, controls, and the saved page."""
