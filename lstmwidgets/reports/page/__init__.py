"""The page of a report: an executed notebook as one file of HTML, and on paper."""
