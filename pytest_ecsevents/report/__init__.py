"""The parts of a failure report: timeline, chart, reasons and explained comparisons."""
