"""What a test's failure report tells: timeline, chart, reasons and explained comparisons."""
