"""The fake cloud as a program: `ecsevents serve`, its control API, and the commands that use it."""
