"""The actions of the CloudMonitor API."""
