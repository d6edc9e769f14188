"""What the author of a test touches: `EcsEvents`, its call log, faults, strictness and timeline."""
