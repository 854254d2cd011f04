"""What a forecast may stumble over in a series: times, gaps, outliers, stuck stretches and seasons."""
