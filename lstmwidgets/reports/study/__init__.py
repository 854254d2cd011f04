"""All that a report tells of one series, computed when it is asked for."""
