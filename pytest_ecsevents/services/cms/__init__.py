"""CloudMonitor: notifications of changes, their forms and filters, event rules and delivery."""
