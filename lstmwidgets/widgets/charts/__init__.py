"""Live charts, and the plain functions of arrays behind them."""
